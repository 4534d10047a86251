#!lua
-- Goes in, if the place has been called and the bucket has an admission: 0 if so, the milliseconds to wait if the
-- bucket is empty, -1 if the place has not been called, -2 if there is none.
-- KEYS line called seen gate pass
-- ARGV token now_ms pass_ttl_ms
local token, now = ARGV[1], tonumber(ARGV[2])
local g = redis.call('HMGET', KEYS[4], 'opened', 'bucket', 'bucket_at_ms', 'rate', 'burst')
local deadline = redis.call('ZSCORE', KEYS[2], token)
if not deadline or tonumber(deadline) <= now then
  if redis.call('ZRANK', KEYS[1], token) then
    return -1
  end
  return -2
end
local level, bucket_at, rate = tonumber(g[2]) or 0, tonumber(g[3]) or 0, tonumber(g[4])
local elapsed = 0
if g[1] then
  elapsed = math.max(0, now - bucket_at)
end
level = math.min(tonumber(g[5]), level + rate * elapsed)
if level < 1000000 then
  return math.floor((1000000 - level + rate - 1) / rate)
end
redis.call('ZREM', KEYS[2], token)
redis.call('ZREM', KEYS[3], token)
redis.call('HSET', KEYS[4], 'bucket', level - 1000000, 'bucket_at_ms', math.max(bucket_at, now))
-- the deadline in it is what counts, by the clock of the callers; the server only collects the garbage, a day later
local pass_ttl = tonumber(ARGV[3])
redis.call('SET', KEYS[5], now + pass_ttl, 'PX', pass_ttl + 86400000)
return 0
