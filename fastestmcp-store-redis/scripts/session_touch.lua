-- Slides the deadline of a scope, and loads it.
--
-- KEYS  state, values, life of the scope's kind
-- ARGV  2 ttl, 3 slack, 4 the field of the scope, 5… those of the entries
-- Answers the time, then the records and the values; or how many bytes they would be if that is too much, and then nothing
-- is touched.
local wrong = wrong_type(KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'zset')
if wrong then return wrong end

local now = store_time()
local found = redis.call('HMGET', KEYS[1], unpack(ARGV, 4))
local fields, places, size = live_values(found, 4, now)
if size > MOST_BYTES then return { now, { size } } end
local values = read_values(#found - 1, fields, places)

local record = found[1]
if record then
  if not is_scope(record) then return redis.error_reply('CORRUPT a scope') end
  local _, incarnation, created, expires, ends = struct.unpack(SCOPE, record)
  local wanted = now + tonumber(ARGV[2])
  if ends > 0 and ends < wanted then wanted = ends end
  if expires > now and wanted > expires + tonumber(ARGV[3]) then
    found[1] = struct.pack(SCOPE, FORMAT, incarnation, created, wanted, ends) .. string.sub(record, SCOPE_BYTES + 1)
    local digest = string.sub(ARGV[4], 2)
    -- First what frees memory: before Redis 7.0 a script that begins with a write that needs some is refused when it is full.
    redis.call('ZREM', KEYS[3], digest)
    redis.call('HSET', KEYS[1], ARGV[4], found[1])
    redis.call('ZADD', KEYS[3], wanted, digest)
  end
end
return { now, { found, values } }
