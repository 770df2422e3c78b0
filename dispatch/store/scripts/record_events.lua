-- Take in what couriers report. An order's word is the one with the latest moment; at one moment
-- the higher rank stays, so that the order of arrival never matters.
-- KEYS: orders, words, reports, stream.
-- ARGV, for each event: id, digest, body, word ("moment rank reason", empty: changes no order),
-- number of orders, their ids.
-- Returns for each event 'recorded', 'duplicate', 'differs' or 'unknown-order'.
local function parts(word)
  local at, rank = string.match(word, '^(%-?%d+) (%d+) ')
  return tonumber(at), tonumber(rank)
end

local function is_later(word, known)
  local at, rank = parts(word)
  local known_at, known_rank = parts(known)
  return at > known_at or (at == known_at and rank > known_rank)
end

local answers = {}
local i = 1
while i <= #ARGV do
  local id, digest, body, word, count = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local first, last = i + 5, i + 4 + count
  i = last + 1
  local answer = 'recorded'
  local known = redis.call('HGET', KEYS[3], id)
  if known then
    answer = known == digest and 'duplicate' or 'differs'
  else
    if first > last then answer = 'unknown-order' end
    for j = first, last do
      if redis.call('HEXISTS', KEYS[1], ARGV[j]) == 0 then answer = 'unknown-order' end
    end
  end
  if answer == 'recorded' then
    redis.call('HSET', KEYS[3], id, digest)
    if word ~= '' then
      for j = first, last do
        local before = redis.call('HGET', KEYS[2], ARGV[j])
        if not before or is_later(word, before) then
          redis.call('HSET', KEYS[2], ARGV[j], word)
        end
      end
    end
    redis.call('XADD', KEYS[4], '*', 'e', body)
  end
  answers[#answers + 1] = answer
end
return answers
