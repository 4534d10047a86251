#!lua
-- Removes at most limit places without a sign of life for the TTL, then at most limit lapsed calls; returns how many.
-- KEYS line called seen gate
-- ARGV now_ms limit
--@ call
local line, called, seen = KEYS[1], KEYS[2], KEYS[3]
local now, limit = tonumber(ARGV[1]), ARGV[2]
local g = call_next(line, called, KEYS[4], now, 'heartbeat_ttl_ms')
local cutoff = string.format('(%.0f', now - tonumber(g[8]))
local silent = redis.call('ZRANGEBYSCORE', seen, '-inf', cutoff, 'LIMIT', 0, limit)
if #silent > 0 then
  redis.call('ZREM', seen, unpack(silent))
  redis.call('ZREM', line, unpack(silent))
  redis.call('ZREM', called, unpack(silent))
end
local lapsed = redis.call('ZRANGEBYSCORE', called, '-inf', now, 'LIMIT', 0, limit)
if #lapsed > 0 then
  redis.call('ZREM', called, unpack(lapsed))
  redis.call('ZREM', seen, unpack(lapsed))
end
return #silent + #lapsed
