-- KEYS: answer. ARGV: hash of the request, seconds. Returns what was there, or false if it is claimed now.
local found = redis.call('GET', KEYS[1])
if found then return found end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return false
