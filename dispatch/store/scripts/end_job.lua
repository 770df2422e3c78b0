-- KEYS: job, stream. ARGV: run, state, code, message, event. Returns 0 if the job is not this run's.
local job = redis.call('HMGET', KEYS[1], 'state', 'run')
if job[1] ~= 'running' or job[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'code', ARGV[3], 'message', ARGV[4])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[5])
return 1
