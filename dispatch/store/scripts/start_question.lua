-- KEYS: question. Returns what is asked and how often it was begun, or false if it is answered or gone.
local found = redis.call('HMGET', KEYS[1], 'asked', 'verdict')
if not found[1] or found[2] then return false end
return {found[1], redis.call('HINCRBY', KEYS[1], 'starts', 1)}
