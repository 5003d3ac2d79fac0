-- Deletes a scope. Its entries, unreachable from now on, are left to the sweep.
--
-- KEYS  state, keys, scopes, life of the scope's kind, graves, values, due
-- ARGV  2 the field of the scope, 3 its kind
-- Answers the time, and 1 if it existed (a System scope: if it held a live key). One that cannot be read existed.
local wrong = wrong_type(KEYS[1], 'hash', KEYS[2], 'zset', KEYS[3], 'zset', KEYS[4], 'zset', KEYS[5], 'hash', KEYS[6],
  'hash', KEYS[7], 'zset')
if wrong then return wrong end

local SYSTEM, MOST_LOOKED = 3, 256
local field, kind = ARGV[2], tonumber(ARGV[3])
local digest = string.sub(field, 2)
local now = store_time()
local record = redis.call('HGET', KEYS[1], field)
if not record then return { now, 0 } end
local readable, incarnation, expires = is_scope(record), 0, 0
if readable then
  local _
  _, incarnation, _, expires = struct.unpack(SCOPE, record)
end

local function holds_live_key()
  local after = '[' .. digest
  while true do
    local members = redis.call('ZRANGEBYLEX', KEYS[2], after, '[' .. digest .. '\255', 'LIMIT', 0, 8)
    if #members == 0 then return false end
    for _, member in ipairs(members) do
      local entry = redis.call('HGET', KEYS[1], 'e' .. member)
      if entry and is_entry(entry) then
        local _, _, dies, of = struct.unpack(ENTRY, entry)
        if of == incarnation and (dies == 0 or dies > now) then return true end
      end
      after = '(' .. member
    end
  end
end

-- Entries that cannot be read do not say which incarnation they belong to: so that none comes back in the next one they go
-- at once, as far as few rows tell.
local function remove_damaged_entries()
  local members = redis.call('ZRANGEBYLEX', KEYS[2], '[' .. digest, '[' .. digest .. '\255', 'LIMIT', 0, MOST_LOOKED)
  if #members == 0 then return end
  local fields, gone, lost = {}, {}, {}
  for i, member in ipairs(members) do fields[i] = 'e' .. member end
  for i, entry in ipairs(redis.call('HMGET', KEYS[1], unpack(fields))) do
    if entry and not is_entry(entry) then gone[#gone + 1], lost[#lost + 1] = fields[i], members[i] end
  end
  call_with('HDEL', KEYS[1], gone)
  call_with('HDEL', KEYS[6], gone)
  call_with('ZREM', KEYS[2], lost)
  call_with('ZREM', KEYS[7], lost)
end

local existed
if not readable then
  existed = true
elseif kind == SYSTEM then
  existed = holds_live_key()
else
  existed = expires > now
end
-- First what frees memory: before Redis 7.0 a script that begins with a write that needs some is refused when it is full.
redis.call('HDEL', KEYS[1], field)
remove_damaged_entries()
redis.call('HSET', KEYS[5], digest, 'w')
redis.call('ZREM', KEYS[3], string.char(kind) .. digest)
if kind ~= SYSTEM then redis.call('ZREM', KEYS[4], digest) end
return { now, existed and 1 or 0 }
