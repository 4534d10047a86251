#!lua flags=no-writes
-- Tells the place in line (1 is the first), 0 if the turn has come or -1 if there is no place; changes nothing, so a
-- replica can answer it.
-- KEYS line called
-- ARGV token now_ms
local rank = redis.call('ZRANK', KEYS[1], ARGV[1])
if rank then
  return rank + 1
end
local deadline = redis.call('ZSCORE', KEYS[2], ARGV[1])
if deadline and tonumber(deadline) > tonumber(ARGV[2]) then
  return 0
end
return -1
