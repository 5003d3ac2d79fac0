-- The topics of one part that nobody has written for as long as their events are kept.
--
-- KEYS  ends
-- ARGV  2 how many at most
local now = store_time()
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, tonumber(ARGV[2]))
