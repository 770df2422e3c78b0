-- Keep the last position of each courier, until the keys expire.
-- KEYS: places (geo), positions. ARGV: seconds until both expire, then for each position: courier,
-- microseconds since 1970, lon, lat, body.
-- Returns for each 1 if it is the last one, else 0.
local answers = {}
for i = 2, #ARGV, 5 do
  local known = redis.call('HGET', KEYS[2], ARGV[i])
  local is_last = not known or tonumber(ARGV[i + 1]) >= tonumber(string.match(known, '^%-?%d+'))
  if is_last then
    redis.call('GEOADD', KEYS[1], ARGV[i + 2], ARGV[i + 3], ARGV[i])
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 4])
  end
  answers[#answers + 1] = is_last and 1 or 0
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
return answers
