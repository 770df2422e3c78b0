-- Change a dead letter, or drop it, if it is still as it was read.
-- KEYS: dead. ARGV: message id, body before, body after (empty: drop it). Returns 1, or 0: it is another.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
