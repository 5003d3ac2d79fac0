-- Takes tasks off the due index whose names only clients can read, and could not: ARGV = clock, ids.
local ids = {}
for at = 2, #ARGV do ids[at - 1] = ARGV[at] end
local heads = read_heads(ids)
for _, id in ipairs(ids) do
  if heads[id] then move(due_member(id, heads[id]), nil) end
end
write_index()
return {now}
