#!lua
-- Gives up the place, wherever it is: 1 if there was one, else 0.
-- KEYS line called seen
-- ARGV token
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[3], ARGV[1])
