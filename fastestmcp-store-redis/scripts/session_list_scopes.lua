-- The live scopes of a kind in one part of the namespace, in the order of their digests. A System scope is listed if it
-- holds a live key.
--
-- KEYS  state, keys, scopes
-- ARGV  2 the kind, 3 the digest after which to begin, 4 a digest and a key in whose scope to go on instead,
--       5 how many at most, 6 how many rows may be examined
-- Answers the time, how many rows may still be examined, where the walk goes on (two values as 3 and 4, or nothing),
-- digests of scopes that cannot be read, then the scopes.
local SYSTEM, DIGEST_BYTES = 3, 24
local kind, after, within = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local limit, examined = tonumber(ARGV[5]), tonumber(ARGV[6])
local mark = string.char(kind)
local now = store_time()
local damaged = {}
local answer = { now, 0, false, false, damaged }

-- Whether the scope holds a live key, or the last key looked at if that is not known yet.
local function holds_live_key(digest, incarnation, begin)
  local from = begin
  while true do
    local members = redis.call('ZRANGEBYLEX', KEYS[2], from, '[' .. digest .. '\255', 'LIMIT', 0, 8)
    if #members == 0 then return false end
    for _, member in ipairs(members) do
      if examined <= 0 then return from end
      examined = examined - 1
      local entry = redis.call('HGET', KEYS[1], 'e' .. member)
      if entry and is_entry(entry) then
        local _, _, dies, of = struct.unpack(ENTRY, entry)
        if of == incarnation and (dies == 0 or dies > now) then return true end
      end
      from = '(' .. member
    end
  end
end

local from = '(' .. mark .. after
if after == '' then from = '[' .. mark end
if within ~= '' then from = '[' .. mark .. string.sub(within, 1, DIGEST_BYTES) end
while true do
  local members = redis.call('ZRANGEBYLEX', KEYS[3], from, '(' .. string.char(kind + 1), 'LIMIT', 0, 100)
  if #members == 0 then break end
  for _, member in ipairs(members) do
    local digest = string.sub(member, 2)
    if limit == 0 or examined <= 0 then
      answer[3] = after
      return answer
    end
    examined = examined - 1
    local record = redis.call('HGET', KEYS[1], 's' .. digest)
    if record and not is_scope(record) then
      damaged[#damaged + 1] = digest
    elseif record then
      local _, incarnation, _, expires = struct.unpack(SCOPE, record)
      local listed = expires == 0 or expires > now
      if kind == SYSTEM then
        local begin = '[' .. digest
        if string.sub(within, 1, DIGEST_BYTES) == digest then begin = '(' .. within end
        listed = holds_live_key(digest, incarnation, begin)
        if type(listed) == 'string' then
          answer[3] = after
          -- A scope of which no key was looked at is looked at again from its beginning.
          if string.sub(listed, 1, 1) == '(' then answer[4] = string.sub(listed, 2) end
          return answer
        end
      end
      if listed then
        limit = limit - 1
        answer[#answer + 1] = record
      end
    end
    after = digest
  end
  from = '(' .. members[#members]
end
answer[2] = examined
return answer
