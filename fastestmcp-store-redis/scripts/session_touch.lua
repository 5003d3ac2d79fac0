-- Slides the deadline of a scope, and loads it.
--
-- KEYS  state, life of the scope's kind
-- ARGV  2 ttl, 3 slack, 4 the field of the scope, 5… those of the entries
-- Answers the time, the scope, the entries.
local wrong = wrong_type(KEYS[1], 'hash', KEYS[2], 'zset')
if wrong then return wrong end

local found = { false }
for from = 4, #ARGV, CHUNK do
  local some = redis.call('HMGET', KEYS[1], unpack(ARGV, from, math.min(from + CHUNK - 1, #ARGV)))
  for i = 1, #some do found[from - 3 + i] = some[i] end
end
local now = store_time()
found[1] = now

local record = found[2]
if record then
  if not is_scope(record) then return redis.error_reply('CORRUPT a scope') end
  local _, incarnation, created, expires, ends = struct.unpack(SCOPE, record)
  local wanted = now + tonumber(ARGV[2])
  if ends > 0 and ends < wanted then wanted = ends end
  if expires > now and wanted > expires + tonumber(ARGV[3]) then
    found[2] = struct.pack(SCOPE, FORMAT, incarnation, created, wanted, ends) .. string.sub(record, SCOPE_BYTES + 1)
    redis.call('HSET', KEYS[1], ARGV[4], found[2])
    redis.call('ZADD', KEYS[2], wanted, string.sub(ARGV[4], 2))
  end
end
return found
