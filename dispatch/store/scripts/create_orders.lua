-- Take new orders in; the event names those that are new, in their order.
-- KEYS: orders, sequence, stream. ARGV: the event, then pairs of id and body.
-- Returns, for each pair, the body that was there before, or false.
local answers, created = {}, {}
for i = 2, #ARGV, 2 do
  local before = redis.call('HGET', KEYS[1], ARGV[i])
  answers[i / 2] = before
  if not before then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    redis.call('RPUSH', KEYS[2], ARGV[i])
    created[#created + 1] = ARGV[i]
  end
end
if #created > 0 then
  local event = cjson.decode(ARGV[1])
  event.order_ids = created
  redis.call('XADD', KEYS[3], '*', 'e', cjson.encode(event))
end
return answers
