-- KEYS: fleet, stream. ARGV: body, event. Returns 1 if the fleet is other than before.
if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[2])
return 1
