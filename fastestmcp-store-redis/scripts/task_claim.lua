-- Leases due tasks: ARGV = clock, worker, lease, how many at most, bytes after which no more are taken, queues. What cannot
-- be read leaves the index and is named.
-- One run takes no more than MOST_TAKEN, so that it keeps the server from others for a millisecond at most; what stays
-- behind is due now, and the answer says so.
local LEVELS, MOST_SKIPPED, MOST_TAKEN, PATIENCE = 10, 1000, 64, 1000
local worker, lease, max_bytes = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])
local limit = math.min(tonumber(ARGV[4]), MOST_TAKEN)

local skipped, passed, next_due = 0, 0, NEVER
local named = {}

-- The first level from `level` on that has a task of the queue.
local function level_from(queue, level)
  local prefix = DUE .. queue
  local from, to = '[' .. prefix .. char(level), '(' .. prefix .. char(LEVELS)
  local first = redis.call('ZRANGEBYLEX', INDEX, from, to, 'LIMIT', 0, 1)[1]
  return first and string.byte(first, 18) or LEVELS
end

-- The due tasks of a queue at one level, in order, and when the first after them is due. Expired ones on the way leave
-- the index; after so many of them the rest is for the next claim.
local function scan(queue, level, most)
  local rows = {}
  local prefix = DUE .. queue
  local from, to = '[' .. prefix .. char(level), '(' .. prefix .. char(level + 1)
  while true do
    local asked = most - #rows + 1
    local members = redis.call('ZRANGEBYLEX', INDEX, from, to, 'LIMIT', 0, asked)
    local ids, dues = {}, {}
    for index = 1, #members do
      local member = members[index]
      ids[index], dues[index] = sub(member, 26), struct.unpack('>I7', member, 19)
      if dues[index] > now then break end
    end
    local heads = read_heads(ids)
    for index = 1, #ids do
      local id = ids[index]
      local head = heads[id]
      if is_closed(id) and dues[index] > now then
        return rows, dues[index]
      elseif damaged[id] then
        skipped = skipped + 1
        move(members[index], nil)
        named[#named + 1] = id
      elseif newer[id] then
        passed = passed + 1
      elseif not is_live(head) then
        skipped = skipped + 1
        move(members[index], nil)
      elseif #rows == most or dues[index] > now then
        return rows, dues[index]
      else
        rows[#rows + 1] = {id = ids[index], head = head, member = members[index]}
      end
    end
    if #ids == #members and #members < asked then return rows, NEVER end
    if skipped >= MOST_SKIPPED then return rows, now end
    -- They stay where they are: looking again at once would find them again.
    if passed >= MOST_SKIPPED then return rows, now + PATIENCE end
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
    if skipped >= MOST_SKIPPED then
      next_due = now
    elseif queue.level == level then
      local found, following = scan(queue.name, level, limit - #taken)
      if sources == 0 then
        rows = found
      else
        for _, row in ipairs(found) do rows[#rows + 1] = row end
      end
      sources = sources + 1
      next_due = math.min(next_due, following)
      if following > now then queue.level = level_from(queue.name, level + 1) end
    end
  end
  if sources > 1 then table.sort(rows, is_before) end
  for _, row in ipairs(rows) do
    local size = spec_bytes(row.head) + row.head.state_bytes
    if #taken == limit or #taken > 0 and bytes + size > max_bytes then
      next_due = now
      break
    end
    taken[#taken + 1] = row
    bytes = bytes + size
  end
  -- What is due now and stays behind settles the rest.
  if next_due <= now then break end
end

local answers = {}
if #taken > 0 then
  local parts, fields, count, size = {}, {}, #taken, 2
  for index, row in ipairs(taken) do parts[index], parts[count + index] = STATE .. row.id, SPEC .. row.id end
  local values = redis.call('HMGET', RECORDS, unpack(parts))
  for index, row in ipairs(taken) do
    local id, head, state, spec = row.id, row.head, values[index], values[count + index]
    if not state or not spec then
      move(row.member, nil)
      named[#named + 1] = id
    else
      head.version, head.claims, head.due, head.worker = draw(), head.claims + 1, now + lease, worker
      head.token = head.version
      move(row.member, due_member(id, head))
      local packed = pack_head(head)
      fields[size + 1], fields[size + 2] = HEAD .. id, packed
      size = size + 2
      answers[#answers + 1] = {id, packed, state, spec}
    end
  end
  if size > 2 then write_records(fields) end
end
write_index()
return {now, next_due < NEVER and {math.max(next_due - now, 0)} or {}, answers, named}
