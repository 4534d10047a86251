#!lua
-- Begins to call and to admit: the bucket starts full, the call credit empty. Returns 1.
-- KEYS gate
-- ARGV now_ms rate_micro_per_ms burst_micro call_window call_ttl_ms heartbeat_ttl_ms
redis.call('HSET', KEYS[1], 'opened', 1, 'called_at_ms', ARGV[1], 'bucket_at_ms', ARGV[1], 'bucket', ARGV[3],
  'rate', ARGV[2], 'burst', ARGV[3], 'window', ARGV[4], 'call_ttl_ms', ARGV[5], 'heartbeat_ttl_ms', ARGV[6])
return 1
