-- Set fields of a registry hash; append one event if anything is new or other than before.
-- KEYS: hash, stream. ARGV: the event, the name of its counter, then pairs of id and body.
-- Returns {created, changed, unchanged}.
local created, changed, unchanged = 0, 0, 0
for i = 3, #ARGV, 2 do
  local before = redis.call('HGET', KEYS[1], ARGV[i])
  if before == ARGV[i + 1] then
    unchanged = unchanged + 1
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    if before then changed = changed + 1 else created = created + 1 end
  end
end
if created + changed > 0 then
  local event = cjson.decode(ARGV[1])
  event[ARGV[2]] = created + changed
  redis.call('XADD', KEYS[2], '*', 'e', cjson.encode(event))
end
return { created, changed, unchanged }
