#!lua
-- The first version of status, kept to show its bottleneck: it lists the node's whole keyspace by a pattern and counts
-- nine streams before it answers as status does. Its work is not bounded.
-- KEYS line called seen gate place
-- ARGV token now_ms pattern
--@ call
--@ place
local token, now = ARGV[1], tonumber(ARGV[2])
redis.call('KEYS', ARGV[3])
for _ = 1, 9 do
  redis.call('XLEN', KEYS[5])
end
call_next(KEYS[1], KEYS[2], KEYS[4], now)
return tell_place(KEYS[1], KEYS[2], KEYS[3], token, now)
