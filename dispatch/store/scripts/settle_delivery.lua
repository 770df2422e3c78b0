-- What came of trying to deliver, if nobody has moved the cursor or removed the webhook meanwhile.
-- KEYS: webhooks, and of this one: cursors, trying, dead.
-- ARGV: id, day, cursor before (empty: none), cursor after, what is being tried (empty: nothing), message put aside (empty:
-- none), its body. Returns 1, or 0: nothing changed.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
if (redis.call('HGET', KEYS[2], ARGV[2]) or '') ~= ARGV[3] then return 0 end
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], ARGV[2], ARGV[4]) end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[3], ARGV[2], ARGV[5])
else
  redis.call('HDEL', KEYS[3], ARGV[2])
end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[4], ARGV[6], ARGV[7]) end
return 1
