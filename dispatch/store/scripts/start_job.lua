-- KEYS: job. ARGV: run. Returns 1 if the job is now this run's, 0 if it is over, -1 if there is none.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return -1 end
if state ~= 'queued' and state ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'running', 'run', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'starts', 1)
return 1
