-- Moves the ends of leases. Per lease: id, request. Answers versions; 0 for a lease that is lost.
local REQUEST = '>I7I7'

local ids = {}
for at = 2, #ARGV, 2 do table.insert(ids, ARGV[at]) end
local heads = read_heads(ids)
if not heads then return UNREADABLE end

local before, answers = {}, {}
for at = 2, #ARGV, 2 do
  local id, token, span = ARGV[at], struct.unpack(REQUEST, ARGV[at + 1])
  local head = heads[id]
  local held = is_live(head) and head.token ~= 0 and head.token == token
  if held then
    before[id] = before[id] or copy_of(head)
    head.due = now + span
  end
  table.insert(answers, held and head.version or 0)
end

local renewed = {}
for id, old in pairs(before) do
  reindex(DUE, id, old, heads[id])
  table.insert(renewed, id)
  table.insert(renewed, pack_head(heads[id]))
end
if #renewed > 0 then
  redis.call('HSET', HEADS, unpack(renewed))
  write_indexes()
end
return {now, answers}
