-- Removes expired tasks: ARGV = clock, how many at most, bytes after which no more are removed.
local max_rows, max_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])

local to = '(' .. struct.pack('>I7', now + 1)
local members = redis.call('ZRANGEBYLEX', EXPIRY.key, '-', to, 'LIMIT', 0, max_rows + 1)
local ids = {}
for index, member in ipairs(members) do ids[index] = string.sub(member, 8) end
local heads = read_heads(ids)
if not heads then return UNREADABLE end
for _, id in ipairs(ids) do
  if not heads[id] then return UNREADABLE end
end

local removed, bytes, keys, holders = {}, 0, {}, {}
for index, id in ipairs(ids) do
  if #removed == max_rows or bytes >= max_bytes then break end
  local head = heads[id]
  for _, one in ipairs(INDEXES) do reindex(one, id, head, nil) end
  bytes = bytes + head.spec_bytes + head.state_bytes
  table.insert(removed, id)
  if head.key ~= '' then
    table.insert(keys, head.key)
    table.insert(holders, id)
  end
end

-- A key may be another task's by now.
local freed = {}
if #keys > 0 then
  for index, holder in ipairs(redis.call('HMGET', KEYED, unpack(keys))) do
    if holder and string.sub(holder, 17) == holders[index] then table.insert(freed, keys[index]) end
  end
end
if #removed > 0 then
  redis.call('HDEL', HEADS, unpack(removed))
  redis.call('HDEL', SPECS, unpack(removed))
  redis.call('HDEL', STATES, unpack(removed))
  if #freed > 0 then redis.call('HDEL', KEYED, unpack(freed)) end
  write_indexes()
end
return {now, #removed, bytes, #members > #removed and 1 or 0}
