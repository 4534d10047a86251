#!lua
-- Tells the place in line (1 is the first), 0 if the turn has come or -1 if there is no place; a sign of life.
-- KEYS line called seen gate
-- ARGV token now_ms
--@ call
--@ place
local token, now = ARGV[1], tonumber(ARGV[2])
call_next(KEYS[1], KEYS[2], KEYS[4], now)
return tell_place(KEYS[1], KEYS[2], KEYS[3], token, now)
