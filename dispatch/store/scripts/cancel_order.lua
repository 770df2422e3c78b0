-- KEYS: orders, words, cancellations, stream. ARGV: order id, cancellation, rank of collected, event.
-- A word is "moment rank reason". Returns 'unknown', 'collected' or 'cancelled'; the first cancellation stays.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 'unknown' end
local word = redis.call('HGET', KEYS[2], ARGV[1])
if word and string.match(word, '^%-?%d+ (%d+) ') == ARGV[3] then return 'collected' end
if redis.call('HSETNX', KEYS[3], ARGV[1], ARGV[2]) == 1 then
  redis.call('XADD', KEYS[4], '*', 'e', ARGV[4])
end
return 'cancelled'
