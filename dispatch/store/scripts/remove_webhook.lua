-- KEYS: webhooks, and of this one: cursors, trying, dead. ARGV: id. Returns 1 if there was one.
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
return redis.call('HDEL', KEYS[1], ARGV[1])
