-- KEYS: question. ARGV: what is asked, seconds. Sent twice because its answer was lost, it is asked once.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'asked', ARGV[1], 'starts', '0')
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
