-- Keep a webhook if there is room. It is told of what comes from now on, by the server's own clock, which stream ids have too.
-- KEYS: webhooks, its cursors. ARGV: id, body, limit. Returns 1, or 0: there are too many.
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], 'from', string.format('%.0f-0', now))
return 1
