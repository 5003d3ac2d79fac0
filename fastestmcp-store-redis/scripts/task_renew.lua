-- Moves the ends of leases. Per lease: id, request. Answers versions; 0 for a lease that is lost.
local REQUEST = '>I7I7'

local ids = {}
for at = 2, #ARGV, 2 do ids[#ids + 1] = ARGV[at] end
local heads = read_heads(ids)

local before, answers = {}, {}
for at = 2, #ARGV, 2 do
  local id, token, span = ARGV[at], struct.unpack(REQUEST, ARGV[at + 1])
  local head = heads[id]
  local held = is_live(head) and head.token ~= 0 and head.token == token
  if held then
    before[id] = before[id] or due_member(id, head)
    head.due = now + span
  end
  answers[#answers + 1] = held and head.version or 0
end

local fields, size = {}, 2
for id, member in pairs(before) do
  local head = heads[id]
  move(member, due_member(id, head))
  fields[size + 1], fields[size + 2] = HEAD .. id, pack_head(head)
  size = size + 2
end
if size > 2 then
  write_records(fields)
  write_index()
end
return {now, answers}
