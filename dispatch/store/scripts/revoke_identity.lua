-- KEYS: identity. ARGV: company. Returns 1 if the company had this key.
if redis.call('HGET', KEYS[1], 'company') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
