#!lua flags=no-writes
-- A page of orders in the order of creation, or those whose ids are given.
-- KEYS: orders, sequence, words, cancellations. ARGV: start, count, then ids (none: the page).
-- Returns {total, bodies, words, cancellations}.
local ids = {}
for i = 3, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then
  ids = redis.call('LRANGE', KEYS[2], ARGV[1], ARGV[1] + ARGV[2] - 1)
end
local total = redis.call('LLEN', KEYS[2])
if #ids == 0 then return { total, {}, {}, {} } end
return {
  total,
  redis.call('HMGET', KEYS[1], unpack(ids)),
  redis.call('HMGET', KEYS[3], unpack(ids)),
  redis.call('HMGET', KEYS[4], unpack(ids)),
}
