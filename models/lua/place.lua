-- Tells the place in line (1 is the first), 0 if the turn has come or -1 if there is no place; a sign of life.
local function tell_place(line, called, seen, token, now)
  local rank = redis.call('ZRANK', line, token)
  if rank then
    redis.call('ZADD', seen, 'GT', now, token)
    return rank + 1
  end
  local deadline = redis.call('ZSCORE', called, token)
  if not deadline or tonumber(deadline) <= now then
    return -1
  end
  redis.call('ZADD', seen, 'GT', now, token)
  return 0
end
