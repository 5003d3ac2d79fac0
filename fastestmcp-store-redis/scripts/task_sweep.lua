-- Removes expired tasks: ARGV = clock, how many at most, bytes after which no more are removed.
local max_rows, max_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])

local to = '(' .. EXPIRY .. pack('>I7', now + 1)
local members = redis.call('ZRANGEBYLEX', INDEX, '[' .. EXPIRY, to, 'LIMIT', 0, max_rows + 1)
local ids = {}
for index = 1, #members do ids[index] = sub(members[index], 9) end
local heads = read_heads(ids)
if not heads then return UNREADABLE end
for _, id in ipairs(ids) do
  if not heads[id] then return UNREADABLE end
end

local count, bytes, fields, keys, holders = 0, 0, {}, {}, {}
for _, id in ipairs(ids) do
  if count == max_rows or bytes >= max_bytes then break end
  local head, size = heads[id], 3 * count
  leave_indexes(id, head)
  count, bytes = count + 1, bytes + spec_bytes(head) + head.state_bytes
  fields[size + 1], fields[size + 2], fields[size + 3] = HEAD .. id, SPEC .. id, STATE .. id
  if key_of(head) ~= '' then
    keys[#keys + 1] = KEY .. key_of(head)
    holders[#keys] = id
  end
end

-- A key may be another task's by now.
if #keys > 0 then
  for index, holder in ipairs(redis.call('HMGET', RECORDS, unpack(keys))) do
    if holder and sub(holder, 17) == holders[index] then fields[#fields + 1] = keys[index] end
  end
end
if count > 0 then
  redis.call('HDEL', RECORDS, unpack(fields))
  write_index()
end
return {now, count, bytes, #members > count and 1 or 0}
