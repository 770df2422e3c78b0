-- Put another body in an order's place, if it is still the one that was looked at.
-- KEYS: orders, stream. ARGV: order id, the body before, the body after, event. Returns 1 or 0.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[4])
return 1
