-- Reads tasks in one snapshot, or answers how many bytes they would be if that is too much: ARGV = clock, parts (0 head, 1 and state, 2 and spec), owner or empty for anybody's, ids.
local parts, owner = tonumber(ARGV[2]), ARGV[3]
local ids = {}
for at = 4, #ARGV do ids[at - 3] = ARGV[at] end

local heads = read_heads(ids)
if next(damaged) or next(newer) then return UNREADABLE end

local found, answers = {}, {}
for index, id in ipairs(ids) do
  local head = heads[id]
  local seen = is_live(head) and (owner == '' or owner == sub(head.fixed, 1, 16))
  answers[index] = seen and {head.stored} or {}
  if seen then found[#found + 1] = index end
end

-- A head is smaller than what it stands for; one task always fits.
local bytes = 0
for _, index in ipairs(found) do
  local head = heads[ids[index]]
  if parts > 0 then bytes = bytes + head.state_bytes end
  if parts > 1 then bytes = bytes + spec_bytes(head) end
end
if bytes > MOST_BYTES then return {now, bytes} end

local function add(part)
  local fields = {}
  for position, index in ipairs(found) do fields[position] = part .. ids[index] end
  for position, value in ipairs(redis.call('HMGET', RECORDS, unpack(fields))) do
    if not value then return false end
    table.insert(answers[found[position]], value)
  end
  return true
end

if #found > 0 and parts > 0 and not add(STATE) then return UNREADABLE end
if #found > 0 and parts > 1 and not add(SPEC) then return UNREADABLE end
return {now, answers}
