-- Leases due tasks: ARGV = clock, worker, lease, how many at most, bytes after which no more are taken, queues.
local worker, lease, limit, max_bytes = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local LEVELS, MOST_SKIPPED = 10, 1000

local readable, skipped, next_due = true, 0, NEVER

-- The first level from `level` on that has a task of the queue.
local function level_from(queue, level)
  local from, to = '[' .. queue .. string.char(level), '(' .. queue .. string.char(LEVELS)
  local first = redis.call('ZRANGEBYLEX', DUE.key, from, to, 'LIMIT', 0, 1)[1]
  return first and string.byte(first, 17) or LEVELS
end

-- The due tasks of a queue at one level, in order, and when the first after them is due. Expired ones on the way leave
-- the index; after so many of them the rest is for the next claim.
local function scan(queue, level, most)
  local rows = {}
  local from, to = '[' .. queue .. string.char(level), '(' .. queue .. string.char(level + 1)
  while true do
    local asked = most - #rows + 1
    local members = redis.call('ZRANGEBYLEX', DUE.key, from, to, 'LIMIT', 0, asked)
    local ids, dues = {}, {}
    for index, member in ipairs(members) do
      ids[index], dues[index] = string.sub(member, 25), struct.unpack('>I7', member, 18)
      if dues[index] > now then break end
    end
    local heads = read_heads(ids)
    if not heads then
      readable = false
      return {}, NEVER
    end
    for index, id in ipairs(ids) do
      local head = heads[id]
      if not is_live(head) then
        skipped = skipped + 1
        table.insert(DUE.removed, members[index])
      elseif #rows == most or dues[index] > now then
        return rows, dues[index]
      else
        table.insert(rows, {id = id, head = head})
      end
    end
    if #ids == #members and #members < asked then return rows, NEVER end
    if skipped >= MOST_SKIPPED then return rows, now end
    from = '(' .. members[#ids]
  end
end

-- Due first, then by the bytes of the id (Lua's own `<` follows the server's locale).
local function is_before(a, b)
  if a.head.due ~= b.head.due then return a.head.due < b.head.due end
  for at = 1, math.min(#a.id, #b.id) do
    local left, right = string.byte(a.id, at), string.byte(b.id, at)
    if left ~= right then return left < right end
  end
  return #a.id < #b.id
end

local queues = {}
for at = 6, #ARGV do queues[at - 5] = {name = ARGV[at], level = level_from(ARGV[at], 0)} end

local taken, bytes = {}, 0
for level = 0, LEVELS - 1 do
  local rows, sources = {}, 0
  for _, queue in ipairs(queues) do
    if queue.level == level then
      local found, following = scan(queue.name, level, limit - #taken)
      for _, row in ipairs(found) do table.insert(rows, row) end
      sources = sources + 1
      next_due = math.min(next_due, following)
      queue.level = level_from(queue.name, level + 1)
    end
  end
  if sources > 1 then table.sort(rows, is_before) end
  for _, row in ipairs(rows) do
    if #taken == limit or bytes > max_bytes then
      next_due = now
      break
    end
    table.insert(taken, row)
    bytes = bytes + row.head.spec_bytes + row.head.state_bytes
  end
  -- What is due now and stays behind settles the rest.
  if next_due <= now then break end
end
if not readable then return UNREADABLE end

local answers = {}
if #taken > 0 then
  local ids = {}
  for index, row in ipairs(taken) do ids[index] = row.id end
  local specs, states = redis.call('HMGET', SPECS, unpack(ids)), redis.call('HMGET', STATES, unpack(ids))
  local heads = {}
  for index, row in ipairs(taken) do
    if not specs[index] or not states[index] then return UNREADABLE end
    local head = copy_of(row.head)
    head.version, head.claims, head.due, head.worker = draw(), head.claims + 1, now + lease, worker
    head.token = head.version
    reindex(DUE, row.id, row.head, head)
    local packed = pack_head(head)
    table.insert(heads, row.id)
    table.insert(heads, packed)
    answers[index] = {row.id, packed, states[index], specs[index]}
  end
  write_counter()
  redis.call('HSET', HEADS, unpack(heads))
end
write_indexes()
return {now, next_due < NEVER and math.max(next_due - now, 0) or -1, answers}
