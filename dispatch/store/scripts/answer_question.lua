-- KEYS: question. ARGV: verdict, body, seconds. Returns 0 if it is answered or gone. What was asked is dropped.
local found = redis.call('HMGET', KEYS[1], 'starts', 'verdict')
if not found[1] or found[2] then return 0 end
redis.call('HSET', KEYS[1], 'verdict', ARGV[1], 'body', ARGV[2])
redis.call('HDEL', KEYS[1], 'asked')
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
