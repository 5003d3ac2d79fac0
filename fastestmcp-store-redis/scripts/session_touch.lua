-- Slides the deadline of a scope, and loads it.
--
-- KEYS  state, life of the scope's kind, values
-- ARGV  2 ttl, 3 slack, 4 the field of the scope, 5… those of the entries
-- Answers the time, the scope and the entries, the values.
local wrong = wrong_type(KEYS[1], 'hash', KEYS[2], 'zset', KEYS[3], 'hash')
if wrong then return wrong end

local found = redis.call('HMGET', KEYS[1], unpack(ARGV, 4))
local values = #ARGV > 4 and redis.call('HMGET', KEYS[3], unpack(ARGV, 5)) or {}
local now = store_time()

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
    redis.call('ZREM', KEYS[2], digest)
    redis.call('HSET', KEYS[1], ARGV[4], found[1])
    redis.call('ZADD', KEYS[2], wanted, digest)
  end
end
return { now, found, values }
