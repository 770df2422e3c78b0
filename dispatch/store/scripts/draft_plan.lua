-- Store a draft and end the job that made it.
-- KEYS: job, plan, plans, stream. ARGV: run, state, plan id, version, body, etag, summary, event.
-- Returns 0 if the job is not this run's.
local job = redis.call('HMGET', KEYS[1], 'state', 'run')
if job[1] ~= 'running' or job[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'body', ARGV[5], 'etag', ARGV[6])
redis.call('HSET', KEYS[3], 'summary:' .. ARGV[4], ARGV[7])
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'plan_id', ARGV[3])
redis.call('XADD', KEYS[4], '*', 'e', ARGV[8])
return 1
