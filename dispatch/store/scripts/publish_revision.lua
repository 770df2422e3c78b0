-- Store a plan and make it the current one at once, if that it is based on still is.
-- KEYS: plan, plan it is based on, plans, routes, stream. ARGV: version, version it is based on, body, how many changes
-- there may be in a row if the body is one (0: it is a whole plan), etag, summary, event, what is told before it (or ''),
-- whether all other routes stay (1 or 0), then pairs of field and value for the routes.
-- Returns {'stale' | 'change-refused' | 'published', current version}.
local current = redis.call('HGET', KEYS[3], 'current') or '0'
if current ~= ARGV[2] then return { 'stale', current } end
local most, changes = tonumber(ARGV[4]), 0
if most > 0 then
  changes = tonumber(redis.call('HGET', KEYS[2], 'changes') or '0') + 1
  if changes > most or redis.call('EXISTS', KEYS[2]) == 0 then return { 'change-refused', current } end
  redis.call('HSET', KEYS[1], 'onto', ARGV[2], 'changes', changes)
end
redis.call('HSET', KEYS[1], 'body', ARGV[3], 'etag', ARGV[5])
redis.call('HSET', KEYS[3], 'summary:' .. ARGV[1], ARGV[6], 'current', ARGV[1])
if ARGV[9] == '0' then redis.call('DEL', KEYS[4]) end
redis.call('HSET', KEYS[4], 'version', ARGV[1])
for i = 10, #ARGV, 2 do redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1]) end
if ARGV[8] ~= '' then redis.call('XADD', KEYS[5], '*', 'e', ARGV[8]) end
redis.call('XADD', KEYS[5], '*', 'e', ARGV[7])
return { 'published', ARGV[1] }
