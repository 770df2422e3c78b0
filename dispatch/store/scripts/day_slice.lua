#!lua flags=no-writes
-- KEYS: stream, sequence, plans. ARGV: first id (exclusive: "(id"), count.
-- Returns {entries, number of orders, current version}.
return {
  redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2]),
  redis.call('LLEN', KEYS[2]),
  redis.call('HGET', KEYS[3], 'current') or '0',
}
