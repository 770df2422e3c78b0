-- Record a fact that is true until it is told otherwise, if it is not told already.
-- KEYS: hash of what is told, stream. ARGV: field, value, event. Returns 1 if it was news.
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[3])
return 1
