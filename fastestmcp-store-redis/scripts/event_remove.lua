-- Removes a topic that nobody has written for as long as its events are kept: looked at again, for it may have been
-- written since, or removed by another node.
--
-- KEYS  topics, ends, the topic's stream
-- ARGV  2 the topic's digest
-- Answers the time, 1 if it was removed, and its size.
local wrong = wrong_type(KEYS[1], 'hash', KEYS[2], 'zset', KEYS[3], 'stream')
if wrong then return wrong end

local now = store_time()
local ends = redis.call('ZSCORE', KEYS[2], ARGV[2])
if not ends or tonumber(ends) > now then return { now, 0, 0 } end
-- Readers that stand before this are told of a gap. It is drawn anew, so that it is above all offsets of the topic.
local found = redis.call('HMGET', KEYS[1], 'n', 'r')
local counter, lost = leap(tonumber(found[1] or 0), found[2])
local forgotten = math.max(counter + 1, now * 1000)
local bytes = redis.call('MEMORY', 'USAGE', KEYS[3], 'SAMPLES', 1) or 0
-- First what frees memory: before Redis 7.0 a script that begins with a write that needs some is refused when it is full.
redis.call('UNLINK', KEYS[3])
redis.call('HSET', KEYS[1], 'n', forgotten, 'r', drawn_by(found[2]), 'f', forgotten)
if lost then redis.call('HSET', KEYS[1], 'l', counter) end
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[1], ARGV[2])
return { now, 1, bytes }
