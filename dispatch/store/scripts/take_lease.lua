-- Hold what one process at a time may do, or hold it for longer.
-- KEYS: lease. ARGV: whose, milliseconds (0: give it back). Returns 1 if it is held by this one now.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
