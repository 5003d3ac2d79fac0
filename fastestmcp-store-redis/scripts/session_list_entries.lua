-- The live entries of a scope in the order of their keys' bytes.
--
-- KEYS  state, keys, values
-- ARGV  2 the field of the scope, 3 where to begin, 4 the prefix, 5 how many at most, 6 how many may be examined,
--       7 how many bytes of values at most, but for the first
-- Where to begin is `(` and the key of the last page, or `[` and the prefix.
-- Answers the time, the last key examined if the walk goes on, keys that cannot be read, then keys, entries and values.
local digest, limit, examined, bytes = string.sub(ARGV[2], 2), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local now = store_time()
local record = redis.call('HGET', KEYS[1], ARGV[2])
if not record then return { now, false, {} } end
if not is_scope(record) then return redis.error_reply('CORRUPT a scope') end
local _, incarnation, _, scope_dies = struct.unpack(SCOPE, record)
if scope_dies > 0 and scope_dies <= now then return { now, false, {} } end

local damaged = {}
local answer = { now, false, damaged }
local from = string.sub(ARGV[3], 1, 1) .. digest .. string.sub(ARGV[3], 2)
-- No key holds the byte 255: they are UTF-8.
local to = '[' .. digest .. ARGV[4] .. '\255'
local last = false
while true do
  local members = redis.call('ZRANGEBYLEX', KEYS[2], from, to, 'LIMIT', 0, 64)
  if #members == 0 then return answer end
  local fields = {}
  for i, member in ipairs(members) do fields[i] = 'e' .. member end
  local entries = redis.call('HMGET', KEYS[1], unpack(fields))
  for i, member in ipairs(members) do
    if limit == 0 or examined == 0 then
      answer[2] = last
      return answer
    end
    local key, entry = string.sub(member, #digest + 1), entries[i]
    examined = examined - 1
    if entry and not is_entry(entry) then
      damaged[#damaged + 1] = key
    elseif entry then
      local _, _, dies, of = struct.unpack(ENTRY, entry)
      if of == incarnation and (dies == 0 or dies > now) then
        bytes = bytes - redis.call('HSTRLEN', KEYS[3], fields[i])
        if bytes < 0 and #answer > 3 then
          answer[2] = last
          return answer
        end
        local value = redis.call('HGET', KEYS[3], fields[i])
        if value then
          limit = limit - 1
          local size = #answer
          answer[size + 1], answer[size + 2], answer[size + 3] = key, entry, value
        else
          damaged[#damaged + 1] = key
        end
      end
    end
    last = key
  end
  from = '(' .. members[#members]
end
