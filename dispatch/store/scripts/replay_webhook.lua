-- Have a day told again from a cursor on; what is being tried is forgotten.
-- KEYS: webhooks, and of this one: cursors, trying. ARGV: id, day, cursor. Returns 1, or 0: there is no such webhook.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('HDEL', KEYS[3], ARGV[2])
return 1
