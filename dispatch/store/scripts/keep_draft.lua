-- Store a draft that a person made by hand, if the plan that it is based on is still in force.
-- KEYS: plan, plans, stream. ARGV: version, version it is based on, body, etag, summary, event.
-- Returns {'stale' | 'published', current version}; it is kept, not published.
local current = redis.call('HGET', KEYS[2], 'current') or '0'
if current ~= ARGV[2] then return { 'stale', current } end
redis.call('HSET', KEYS[1], 'body', ARGV[3], 'etag', ARGV[4])
redis.call('HSET', KEYS[2], 'summary:' .. ARGV[1], ARGV[5])
redis.call('XADD', KEYS[3], '*', 'e', ARGV[6])
return { 'published', current }
