-- KEYS: closures, stream. ARGV: id, event. Returns the closure's body, or nothing if it is not there.
local body = redis.call('HGET', KEYS[1], ARGV[1])
if not body then return false end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[2])
return body
