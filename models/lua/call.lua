-- Calls those whose turn it is: in line order, at the rate, never more outstanding than the window and never more
-- than 64 in one operation. Reads the rules, and any further fields that the script names, in one HMGET; returns it.
local function call_next(line, called, gate, now, ...)
  local g = redis.call('HMGET', gate, 'opened', 'credit', 'called_at_ms', 'rate', 'burst', 'window', 'call_ttl_ms', ...)
  if not g[1] then
    return g
  end
  local called_at = tonumber(g[3])
  local elapsed = math.max(0, now - called_at)
  local credit = math.min(tonumber(g[5]), (tonumber(g[2]) or 0) + tonumber(g[4]) * elapsed)
  if credit < 1000000 then
    return g
  end
  local outstanding = redis.call('ZCARD', called)
  local count = math.min(math.floor(credit / 1000000), tonumber(g[6]) - outstanding, 64)
  if count <= 0 then
    return g
  end
  local first = redis.call('ZPOPMIN', line, count)
  count = #first / 2
  if count == 0 then
    return g
  end
  local latest = math.max(now, called_at)
  local deadline = latest + tonumber(g[7])
  local calls = {}
  for i = 1, count do
    calls[2 * i - 1] = deadline
    calls[2 * i] = first[2 * i - 1]
  end
  redis.call('ZADD', called, unpack(calls))
  redis.call('HSET', gate, 'credit', credit - count * 1000000, 'called_at_ms', latest)
  return g
end
