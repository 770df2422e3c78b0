-- KEYS: job, stream. ARGV: event for a job that has not begun. Returns 0 if there is no such job.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 0 end
if state == 'queued' then
  redis.call('HSET', KEYS[1], 'state', 'cancelled', 'code', 'cancelled')
  redis.call('XADD', KEYS[2], '*', 'e', ARGV[1])
elseif state == 'running' then
  redis.call('HSET', KEYS[1], 'cancelling', '1')
end
return 1
