-- Make a draft the current plan and replace every route.
-- KEYS: plan, plans, routes, stream. ARGV: version, version it is based on, event, then pairs of
-- field and value for the routes. Returns {'unknown' | 'stale' | 'published', current version}.
local current = redis.call('HGET', KEYS[2], 'current') or '0'
if redis.call('EXISTS', KEYS[1]) == 0 then return { 'unknown', current } end
if current == ARGV[1] then return { 'published', current } end
if current ~= ARGV[2] then return { 'stale', current } end
redis.call('DEL', KEYS[3])
redis.call('HSET', KEYS[3], 'version', ARGV[1])
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[2], 'current', ARGV[1])
redis.call('XADD', KEYS[4], '*', 'e', ARGV[3])
return { 'published', ARGV[1] }
