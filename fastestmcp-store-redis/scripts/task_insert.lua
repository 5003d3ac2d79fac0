-- Inserts tasks, each with its own outcome. Per task: id, request, names, spec, state.
local INSERTED, EXISTING, KEY_REUSED, QUOTA_EXCEEDED = 0, 1, 2, 3
local REQUEST = '>BBI7I7I7c16c16Bc0c16'

local tasks, ids, keys = {}, {}, {}
for at = 2, #ARGV, 5 do
  local task = {id = ARGV[at], names = ARGV[at + 2], spec = ARGV[at + 3], state = ARGV[at + 4]}
  task.priority, task.status, task.delay, task.ttl, task.quota, task.owner, task.queue, task.key, task.digest =
    struct.unpack(REQUEST, ARGV[at + 1])
  table.insert(tasks, task)
  table.insert(ids, task.id)
  if task.key ~= '' then table.insert(keys, task.key) end
end

-- Who holds a key: the digest of what was asked, and the id.
local holders = {}
if #keys > 0 then
  for index, holder in ipairs(redis.call('HMGET', KEYED, unpack(keys))) do
    if holder then
      holders[keys[index]] = {digest = string.sub(holder, 1, 16), id = string.sub(holder, 17)}
      table.insert(ids, string.sub(holder, 17))
    end
  end
end

local heads = read_heads(ids)
if not heads then return UNREADABLE end

local inserted, open, freed = {}, {}, {}

local function count_open(owner)
  if not open[owner] then
    local from = '[' .. owner .. struct.pack('>I7', now + 1)
    open[owner] = redis.call('ZLEXCOUNT', OPEN.key, from, '(' .. owner .. '\255')
  end
  return open[owner]
end

local function existing(id)
  local task = inserted[id]
  local spec = task and task.spec or redis.call('HGET', SPECS, id)
  local state = task and task.state or redis.call('HGET', STATES, id)
  if not spec or not state then return nil end
  return {EXISTING, id, pack_head(heads[id]), state, spec}
end

-- An expired task makes room: the sweep would remove it all the same.
local function forget(id)
  local old = heads[id]
  for _, index in ipairs(INDEXES) do reindex(index, id, old, nil) end
  if old.key ~= '' then
    local holder = redis.call('HGET', KEYED, old.key)
    if holder and string.sub(holder, 17) == id then table.insert(freed, old.key) end
  end
end

local function insert(task)
  if is_live(heads[task.id]) then return existing(task.id) end
  local holder = task.key ~= '' and holders[task.key]
  local held = holder and heads[holder.id]
  if is_live(held) and held.key == task.key then
    if holder.digest ~= task.digest then return {KEY_REUSED} end
    return existing(holder.id)
  end
  if task.quota ~= NEVER then
    local count = count_open(task.owner)
    if count >= task.quota then return {QUOTA_EXCEEDED, count} end
  end
  if heads[task.id] then forget(task.id) end
  local head = {
    priority = task.priority, status = task.status, open = 1, created = now, updated = now,
    expires = task.ttl == NEVER and NEVER or now + task.ttl, due = now + task.delay, version = draw(), token = 0,
    claims = 0, spec_bytes = #task.spec, state_bytes = #task.state, owner = task.owner, queue = task.queue,
    key = task.key, names = task.names, worker = '',
  }
  heads[task.id], inserted[task.id] = head, task
  if open[task.owner] then open[task.owner] = open[task.owner] + 1 end
  if task.key ~= '' then holders[task.key] = {digest = task.digest, id = task.id} end
  return {INSERTED, pack_head(head)}
end

local answers = {}
for _, task in ipairs(tasks) do
  local answer = insert(task)
  if not answer then return UNREADABLE end
  table.insert(answers, answer)
end

local new_heads, specs, states, keyed = {}, {}, {}, {}
for id, task in pairs(inserted) do
  local head = heads[id]
  for _, index in ipairs(INDEXES) do reindex(index, id, nil, head) end
  table.insert(new_heads, id)
  table.insert(new_heads, pack_head(head))
  table.insert(specs, id)
  table.insert(specs, task.spec)
  table.insert(states, id)
  table.insert(states, task.state)
  if task.key ~= '' then
    table.insert(keyed, task.key)
    table.insert(keyed, task.digest .. id)
  end
end
if #new_heads > 0 then
  write_counter()
  redis.call('HSET', HEADS, unpack(new_heads))
  redis.call('HSET', SPECS, unpack(specs))
  redis.call('HSET', STATES, unpack(states))
  if #freed > 0 then redis.call('HDEL', KEYED, unpack(freed)) end
  if #keyed > 0 then redis.call('HSET', KEYED, unpack(keyed)) end
  write_indexes()
end
return {now, answers}
