-- Record a fact that changes nothing else.
-- KEYS: stream. ARGV: event.
return redis.call('XADD', KEYS[1], '*', 'e', ARGV[1])
