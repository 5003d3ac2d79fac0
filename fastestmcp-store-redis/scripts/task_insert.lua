-- Inserts tasks, each with its own outcome. Per task: id, request, spec, state.
local INSERTED, EXISTING, KEY_REUSED, QUOTA_EXCEEDED = 0, 1, 2, 3
local REQUEST = '>BI7I7I7c16c16I2c0'

local tasks, ids, keys = {}, {}, {}
for at = 2, #ARGV, 4 do
  local status, delay, ttl, quota, digest, owner, rest = struct.unpack(REQUEST, ARGV[at + 1])
  local key = sub(rest, 23, 22 + string.byte(rest, 22))
  tasks[#tasks + 1] = {
    id = ARGV[at], spec = ARGV[at + 2], state = ARGV[at + 3], status = status, delay = delay, ttl = ttl, quota = quota,
    owner = owner, digest = digest, key = key, fixed = owner .. pack('>I7', now) .. rest,
  }
  ids[#ids + 1] = ARGV[at]
  if key ~= '' then keys[#keys + 1] = key end
end

-- Who holds a key: the digest of what was asked, and the id.
local holders = {}
if #keys > 0 then
  local fields = {}
  for index, key in ipairs(keys) do fields[index] = KEY .. key end
  for index, holder in ipairs(redis.call('HMGET', RECORDS, unpack(fields))) do
    if holder then
      holders[keys[index]] = {digest = sub(holder, 1, 16), id = sub(holder, 17)}
      ids[#ids + 1] = sub(holder, 17)
    end
  end
end

local heads = read_heads(ids)

local inserted, packed, open, freed = {}, {}, {}, {}

local function count_open(owner)
  if not open[owner] then
    local prefix = OPEN .. owner
    open[owner] = redis.call('ZLEXCOUNT', INDEX, '[' .. prefix .. pack('>I7', now + 1), '(' .. prefix .. '\255')
  end
  return open[owner]
end

local function existing(id)
  local task = inserted[id]
  if not fits(spec_bytes(heads[id]) + heads[id].state_bytes) then return {LATER} end
  local spec = task and task.spec or redis.call('HGET', RECORDS, SPEC .. id)
  local state = task and task.state or redis.call('HGET', RECORDS, STATE .. id)
  return spec and state and {EXISTING, id, pack_head(heads[id]), state, spec} or {DAMAGED}
end

-- An expired task makes room: the sweep would remove it all the same.
local function forget(id)
  local head = heads[id]
  local key = key_of(head)
  leave_indexes(id, head)
  if key ~= '' then
    local holder = redis.call('HGET', RECORDS, KEY .. key)
    if holder and sub(holder, 17) == id then freed[#freed + 1] = KEY .. key end
  end
end

local function insert(task)
  local id = task.id
  if is_closed(id) then return {DAMAGED} end
  if is_live(heads[id]) then return existing(id) end
  local holder = task.key ~= '' and holders[task.key]
  if holder and is_closed(holder.id) then
    return holder.digest ~= task.digest and {KEY_REUSED} or {DAMAGED}
  end
  local held = holder and heads[holder.id]
  if is_live(held) and key_of(held) == task.key then
    if holder.digest ~= task.digest then return {KEY_REUSED} end
    return existing(holder.id)
  end
  if task.quota ~= NEVER then
    local count = count_open(task.owner)
    if count >= task.quota then return {QUOTA_EXCEEDED, count} end
  end
  if heads[id] then forget(id) end
  local head = {
    status = task.status, open = 1, updated = now, expires = task.ttl == NEVER and NEVER or now + task.ttl,
    due = now + task.delay, version = draw(), token = 0, claims = 0, state_bytes = #task.state, fixed = task.fixed,
    worker = '',
  }
  heads[id], inserted[id], packed[id] = head, task, pack_head(head)
  if open[task.owner] then open[task.owner] = open[task.owner] + 1 end
  if task.key ~= '' then holders[task.key] = {digest = task.digest, id = id} end
  return {INSERTED, packed[id]}
end

local answers = {}
for index, task in ipairs(tasks) do
  answers[index] = insert(task)
end

local fields, size = {}, 2
for id, task in pairs(inserted) do
  local head = heads[id]
  move(nil, due_member(id, head))
  move(nil, expiry_member(id, head))
  move(nil, open_member(id, head))
  move(nil, all_member(id, head))
  move(nil, owned_member(id, head))
  move(nil, status_member(id, head))
  fields[size + 1], fields[size + 2] = HEAD .. id, packed[id]
  fields[size + 3], fields[size + 4] = SPEC .. id, task.spec
  fields[size + 5], fields[size + 6] = STATE .. id, task.state
  size = size + 6
  if task.key ~= '' then
    fields[size + 1], fields[size + 2] = KEY .. task.key, task.digest .. id
    size = size + 2
  end
end
if size > 2 then
  if #freed > 0 then call_with('HDEL', RECORDS, freed) end
  write_records(fields)
  write_index()
end
return {now, answers}
