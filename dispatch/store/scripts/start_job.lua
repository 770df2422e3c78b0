-- KEYS: job. ARGV: run. Returns 1 if the job is now this run's, 0 if there is nothing to do.
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'queued' and state ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'running', 'run', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'starts', 1)
return 1
