-- KEYS: closures, stream. ARGV: id, body, event, how many there may be, then ids of those that are over.
-- Returns 1, or 0 if there is no room.
for i = 5, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[3])
return 1
