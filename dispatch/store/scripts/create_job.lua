-- KEYS: job, plans, stream. ARGV: request, event. The plan will be based on the current version.
-- A request that was sent twice because its answer was lost creates one job.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local based_on = redis.call('HGET', KEYS[2], 'current') or '0'
redis.call('HSET', KEYS[1], 'state', 'queued', 'request', ARGV[1], 'based_on', based_on)
redis.call('XADD', KEYS[3], '*', 'e', ARGV[2])
return 1
