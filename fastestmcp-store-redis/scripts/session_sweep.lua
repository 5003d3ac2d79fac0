-- Removes what has expired in one part of the namespace: scopes, then entries with a deadline of their own, then what
-- deleted and expired scopes have left behind.
--
-- KEYS  state, keys, scopes, life:0, life:1, life:2, due, graves, values
-- ARGV  2 how many rows at most, 3 how many bytes of values at most, counted before the last row
-- Answers the time, rows, bytes, and 1 if there may be more.
local wrong = wrong_type(KEYS[1], 'hash', KEYS[2], 'zset', KEYS[3], 'zset', KEYS[4], 'zset', KEYS[5], 'zset', KEYS[6],
  'zset', KEYS[7], 'zset', KEYS[8], 'hash', KEYS[9], 'hash')
if wrong then return wrong end

local DIGEST_BYTES, SYSTEM = 24, 3
local max_rows, max_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local rows, bytes = 0, 0
-- Rows looked at, removed or not: a step stays short also where it finds little.
local looked, MOST_LOOKED = 0, 4 * max_rows + 100
local now = store_time()
local until_now = string.format('%.0f', now)

local function is_full()
  return rows >= max_rows or bytes >= max_bytes or looked >= MOST_LOOKED
end

local function remove_entry(member)
  local field = 'e' .. member
  bytes = bytes + redis.call('HSTRLEN', KEYS[9], field)
  redis.call('HDEL', KEYS[1], field)
  redis.call('HDEL', KEYS[9], field)
  redis.call('ZREM', KEYS[2], member)
  redis.call('ZREM', KEYS[7], member)
  rows = rows + 1
end

local function sweep_scopes(kind)
  local life = KEYS[4 + kind]
  local expired = redis.call('ZRANGEBYSCORE', life, '-inf', until_now, 'LIMIT', 0, max_rows - rows)
  for _, digest in ipairs(expired) do
    redis.call('HDEL', KEYS[1], 's' .. digest)
    redis.call('ZREM', KEYS[3], string.char(kind) .. digest)
    redis.call('ZREM', life, digest)
    redis.call('HSET', KEYS[8], digest, 'w')
    rows = rows + 1
  end
end

local function sweep_due()
  local members = redis.call('ZRANGEBYSCORE', KEYS[7], '-inf', until_now, 'LIMIT', 0, 100)
  for _, member in ipairs(members) do
    if is_full() then return false end
    looked = looked + 1
    local entry = redis.call('HGET', KEYS[1], 'e' .. member)
    if not entry or not is_entry(entry) then
      redis.call('ZREM', KEYS[7], member)
    else
      local _, _, expires = struct.unpack(ENTRY, entry)
      if expires == 0 then
        redis.call('ZREM', KEYS[7], member)
      elseif expires > now then
        redis.call('ZADD', KEYS[7], expires, member)
      else
        remove_entry(member)
        redis.call('HSETNX', KEYS[8], string.sub(member, 1, DIGEST_BYTES), 'e')
      end
    end
  end
  return #members > 0
end

-- Forgets a scope that has no rows: a System scope exists anyway, and its record is there for its entries only.
local function drop_if_empty(digest)
  local left = redis.call('ZRANGEBYLEX', KEYS[2], '[' .. digest, '[' .. digest .. '\255', 'LIMIT', 0, 1)
  if #left == 0 and redis.call('ZREM', KEYS[3], string.char(SYSTEM) .. digest) == 1 then
    redis.call('HDEL', KEYS[1], 's' .. digest)
  end
end

-- Removes the entries of a digest that belong to no living incarnation. `task` is `w` and the last key looked at.
local function walk(digest, task)
  local record = redis.call('HGET', KEYS[1], 's' .. digest)
  local incarnation = 0
  if record then
    -- Which of the entries are its own nobody knows.
    if not is_scope(record) then return true end
    local _
    _, incarnation = struct.unpack(SCOPE, record)
  end
  local from = #task == 1 and '[' .. digest or '(' .. digest .. string.sub(task, 3)
  while true do
    local members = redis.call('ZRANGEBYLEX', KEYS[2], from, '[' .. digest .. '\255', 'LIMIT', 0, 100)
    if #members == 0 then return true end
    for _, member in ipairs(members) do
      if is_full() then
        if string.sub(from, 1, 1) == '(' then
          redis.call('HSET', KEYS[8], digest, 'w:' .. string.sub(from, DIGEST_BYTES + 2))
        end
        return false
      end
      looked = looked + 1
      local entry = redis.call('HGET', KEYS[1], 'e' .. member)
      if not record then
        remove_entry(member)
      elseif entry and is_entry(entry) then
        local _, _, _, of = struct.unpack(ENTRY, entry)
        if of ~= incarnation then remove_entry(member) end
      end
      from = '(' .. member
    end
  end
end

local function sweep_grave()
  local graves = redis.call('HRANDFIELD', KEYS[8], 1, 'WITHVALUES')
  if #graves == 0 then return false end
  local digest, task = graves[1], graves[2]
  looked = looked + 1
  if string.byte(task) == 119 and not walk(digest, task) then return false end
  drop_if_empty(digest)
  redis.call('HDEL', KEYS[8], digest)
  return true
end

for kind = 0, 2 do
  if not is_full() then sweep_scopes(kind) end
end
while not is_full() and sweep_due() do end
while not is_full() and sweep_grave() do end
return { now, rows, bytes, is_full() and 1 or 0 }
