-- KEYS: job, stream. ARGV: run, progress, event (empty: nothing new).
-- Returns -1 if the job is not this run's, 1 if it shall stop, else 0.
local job = redis.call('HMGET', KEYS[1], 'state', 'run', 'cancelling')
if job[1] ~= 'running' or job[2] ~= ARGV[1] then return -1 end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'progress', ARGV[2])
  redis.call('XADD', KEYS[2], '*', 'e', ARGV[3])
end
return job[3] and 1 or 0
