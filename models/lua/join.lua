#!lua
-- Takes a place, or tells the one held: the place in line (1 is the first), or 0 if the turn has come.
-- KEYS line called seen gate
-- ARGV token now_ms order score; the order is "score" (the one given), "counter" (the event's next number) or "time"
-- (the server's clock in microseconds; then the reply is the place and the time read, or '' if it was not needed).
--@ call
local line, called, seen, gate = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, now, order, score = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]

local function reply(position, time)
  if order == 'time' then
    return {position, time}
  end
  return position
end

call_next(line, called, gate, now)
local rank = redis.call('ZRANK', line, token)
if rank then
  return reply(rank + 1, '')
end
local deadline = redis.call('ZSCORE', called, token)
if deadline then
  if tonumber(deadline) > now then
    return reply(0, '')
  end
  redis.call('ZREM', called, token)
end
if order == 'time' then
  local time = redis.call('TIME')
  score = time[1] .. string.rep('0', 6 - #time[2]) .. time[2]
elseif order == 'counter' then
  score = redis.call('HINCRBY', gate, 'ticket', 1)
end
redis.call('ZADD', line, score, token)
redis.call('ZADD', seen, 'GT', now, token)
return reply(redis.call('ZRANK', line, token) + 1, score)
