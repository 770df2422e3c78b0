-- Store a plan and make it the current one at once, if that it is based on still is.
-- KEYS: plan, plans, routes, stream. ARGV: version, version it is based on, body, etag, summary, event, what is told
-- before it (or ''), then pairs of field and value for the routes. Returns {'stale' | 'published', current version}.
local current = redis.call('HGET', KEYS[2], 'current') or '0'
if current ~= ARGV[2] then return { 'stale', current } end
redis.call('HSET', KEYS[1], 'body', ARGV[3], 'etag', ARGV[4])
redis.call('HSET', KEYS[2], 'summary:' .. ARGV[1], ARGV[5], 'current', ARGV[1])
redis.call('DEL', KEYS[3])
for i = 8, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
if ARGV[7] ~= '' then redis.call('XADD', KEYS[4], '*', 'e', ARGV[7]) end
redis.call('XADD', KEYS[4], '*', 'e', ARGV[6])
return { 'published', ARGV[1] }
