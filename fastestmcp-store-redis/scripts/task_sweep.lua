-- Removes expired tasks: ARGV = clock, how many at most, bytes after which no more are removed. A task that cannot be read
-- is expired where the index says so. Answers how many, their bytes, 1 if there may be more, ids that could not be read.
local max_rows, max_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
-- Tasks of a newer format are left to those who know it.
local MOST_PASSED = 1000

local count, bytes, passed = 0, 0, 0
local fields, keys, holders, unread = {}, {}, {}, {}

local function remove(id, member, head)
  local size = #fields
  fields[size + 1], fields[size + 2], fields[size + 3] = HEAD .. id, SPEC .. id, STATE .. id
  count = count + 1
  if head then
    leave_indexes(id, head)
    bytes = bytes + spec_bytes(head) + head.state_bytes
    if key_of(head) ~= '' then
      keys[#keys + 1] = KEY .. key_of(head)
      holders[#keys] = id
    end
  else
    move(member, nil)
    bytes = bytes + redis.call('HSTRLEN', RECORDS, SPEC .. id) + redis.call('HSTRLEN', RECORDS, STATE .. id)
    unread[#unread + 1] = id
  end
end

-- Whether there may be more.
local function sweep()
  local from, to = '[' .. EXPIRY, '(' .. EXPIRY .. pack('>I7', now + 1)
  while passed < MOST_PASSED do
    local members = redis.call('ZRANGEBYLEX', INDEX, from, to, 'LIMIT', 0, max_rows + 1)
    local ids = {}
    for index = 1, #members do ids[index] = sub(members[index], 9) end
    local heads = read_heads(ids)
    for index, id in ipairs(ids) do
      if newer[id] then
        passed = passed + 1
      elseif count == max_rows or bytes >= max_bytes then
        return true
      else
        remove(id, members[index], heads[id])
      end
    end
    if #members <= max_rows then return false end
    from = '(' .. members[#members]
  end
  return false
end

local more = sweep()
-- A key may be another task's by now.
if #keys > 0 then
  for index, holder in ipairs(redis.call('HMGET', RECORDS, unpack(keys))) do
    if holder and sub(holder, 17) == holders[index] then fields[#fields + 1] = keys[index] end
  end
end
if count > 0 then
  call_with('HDEL', RECORDS, fields)
  write_index()
end
return {now, count, bytes, more and 1 or 0, unread}
