-- Commits of many callers, in their order, each with its own outcome. All reads of records come first, in bulk; then all
-- checks; then all writes, in bulk.
--
-- KEYS  state, keys, scopes, life:0, life:1, life:2, due, graves, values
-- ARGV  2 how many fields there are, 3 the program, 4… the fields, then the values
--
-- The program names fields and values by their place. Per commit: field of the scope (H), its id (H), kind (B), rule (B),
-- ttl (I6), longest life or 0 (I6), number of operations (H); per operation: what (B), expectation (B), version (I7), ttl
-- or 0 (I6), field (H), value (H).
--
-- This is the busiest script: what is done per commit is kept short, in the number of strings made above all.
local ARGV, unpack_bytes, pack_bytes = ARGV, struct.unpack, struct.pack
local EXISTING, CREATE_NEW = 0, 2
local PUT, TAKE, CHECK = 0, 2, 3
local ANY, ABSENT, PRESENT = 0, 1, 2
local COMMITTED, MISMATCH, GONE, EXISTS, DAMAGED, TOO_LARGE, LATER = 0, 1, 2, 3, 4, 5, 6
local SYSTEM = 3
-- All of a scope but its end and id.
local SCOPE_HEAD = '>BI7I6I6'
local COMMIT, COMMIT_BYTES, OPERATION, OPERATION_BYTES = '>HHBBI6I6H', 20, '>BBI7I6HH', 19
-- Places count from 1, fields as well as values.
local BEFORE_FIELDS = 3

local fields = tonumber(ARGV[2])
local program = ARGV[3]
local before_values = BEFORE_FIELDS + fields

-- What every field holds, as read and then as changed: `false` is nothing.
local stored
for from = 1, fields, CHUNK do
  local to = math.min(from + CHUNK - 1, fields)
  local found = redis.pcall('HMGET', KEYS[1], unpack(ARGV, BEFORE_FIELDS + from, BEFORE_FIELDS + to))
  if found.err then return found end
  if from == 1 then
    stored = found
  else
    for i = from, to do stored[i] = found[i - from + 1] end
  end
end
local drawn = redis.call('HMGET', KEYS[1], 'n', 'r', 'm')
-- The largest value that was ever put, so that loads know what to expect; unknown where it was not kept from the first on.
local largest = drawn[3] and tonumber(drawn[3]) or drawn[1] and math.huge or 0
local largest_before = largest
local counter = leap(tonumber(drawn[1] or 0), drawn[2])
local now = store_time()
-- A test clock was read before this script had its turn: time follows the order of commits nevertheless.
if TEST_TIME then
  now = math.max(now, tonumber(redis.call('HGET', KEYS[1], 't') or 0))
end
local floor = now * 1000

-- What will be written.
local set, set_count, values, value_count = {}, 0, {}, 0
local new_keys, new_key_count, due = {}, 0, {}
local new_scopes, life = {}, { {}, {}, {} }
local gone, mourned, fresh = {}, {}, {}

-- Per field of a scope: whether it lives, and its incarnation.
local living, incarnations = {}, {}

local function draw()
  counter = counter + 1
  if counter < floor then counter = floor end
  return counter
end

local function append(list, first, second)
  local count = #list
  list[count + 1], list[count + 2] = first, second
end

-- Reads a scope for the first time in this run; false if what is stored is damaged.
local function meet(field)
  local record = stored[field]
  if not record then
    living[field] = false
  elseif #record >= SCOPE_BYTES then
    local format, incarnation, _, expires = unpack_bytes(SCOPE_HEAD, record)
    if format ~= FORMAT then return false end
    living[field], incarnations[field] = expires == 0 or expires > now, incarnation
  else
    return false
  end
  return true
end

-- The version of the live entry in a field, false if there is none, nil if what is stored is damaged.
local function version_at(field, scope)
  local entry = stored[field]
  if not entry or not living[scope] then return false end
  if #entry ~= ENTRY_BYTES then return nil end
  local format, version, expires, incarnation = unpack_bytes(ENTRY, entry)
  if format ~= FORMAT then return nil end
  return incarnation == incarnations[scope] and (expires == 0 or expires > now) and version
end

-- The entry in a field with its value, which may have been written in this run.
local function whole(field)
  local value = fresh[field] or redis.call('HGET', KEYS[9], ARGV[BEFORE_FIELDS + field])
  return { stored[field], value }
end

local function size_of(field)
  return fresh[field] and #fresh[field] or redis.call('HSTRLEN', KEYS[9], ARGV[BEFORE_FIELDS + field])
end

local function create(scope, id, kind, ttl, longest)
  if stored[scope] then mourned[scope] = 'w' end
  local expires, ends = 0, 0
  if kind ~= SYSTEM then
    expires = now + ttl
    if longest > 0 then
      ends = now + longest
      if ends < expires then expires = ends end
    end
  end
  local incarnation, name = draw(), ARGV[BEFORE_FIELDS + scope]
  local record = pack_bytes(SCOPE, FORMAT, incarnation, now, expires, ends) .. ARGV[before_values + id]
  living[scope], incarnations[scope], stored[scope] = true, incarnation, record
  set[set_count + 1], set[set_count + 2] = name, record
  set_count = set_count + 2
  local digest = string.sub(name, 2)
  append(new_scopes, 0, string.char(kind) .. digest)
  if kind ~= SYSTEM then append(life[kind + 1], expires, digest) end
end

local function put(scope, field, value, ttl)
  local name, version, expires = ARGV[BEFORE_FIELDS + field], draw(), 0
  if ttl > 0 then
    expires = now + ttl
    append(due, expires, string.sub(name, 2))
  end
  if not stored[field] then
    new_keys[new_key_count + 1], new_keys[new_key_count + 2] = 0, string.sub(name, 2)
    new_key_count = new_key_count + 2
    gone[field] = nil
  end
  local entry = pack_bytes(ENTRY, FORMAT, version, expires, incarnations[scope])
  stored[field] = entry
  fresh[field] = ARGV[before_values + value]
  if #fresh[field] > largest then largest = #fresh[field] end
  set[set_count + 1], set[set_count + 2] = name, entry
  set_count = set_count + 2
  values[value_count + 1], values[value_count + 2] = name, fresh[field]
  value_count = value_count + 2
  return version
end

local function remove(scope, field, kind)
  if stored[field] then
    stored[field] = false
    gone[field] = true
    if kind == SYSTEM and not mourned[scope] then mourned[scope] = 'e' end
  end
end

local at = 1
-- The operations of the commit in hand.
local whats, ttls, at_field, at_value = {}, {}, {}, {}
-- Bytes of values in the answers so far.
local answered = 0

local function commit()
  local scope, id, kind, rule, ttl, longest, count = unpack_bytes(COMMIT, program, at)
  local first = at + COMMIT_BYTES
  at = first + count * OPERATION_BYTES
  if living[scope] == nil and not meet(scope) then return { DAMAGED } end
  if kind ~= SYSTEM then
    if rule == EXISTING and not living[scope] then return { GONE } end
    if rule == CREATE_NEW and living[scope] then return { EXISTS } end
  end

  local puts, taken = false, 0
  for index = 1, count do
    local what, expect, wanted, ttl_of_key, field, value = unpack_bytes(OPERATION, program, first)
    first = first + OPERATION_BYTES
    whats[index], ttls[index], at_field[index], at_value[index] = what, ttl_of_key, field, value
    puts = puts or what == PUT
    if expect ~= ANY then
      local version = version_at(field, scope)
      if version == nil then return { DAMAGED } end
      local holds
      if expect == ABSENT then
        holds = not version
      elseif expect == PRESENT then
        holds = version
      else
        holds = version == wanted
      end
      if not holds then
        local size = version and size_of(field) or 0
        if answered > 0 and answered + size > MOST_BYTES then return { LATER } end
        answered = answered + size
        return { MISMATCH, index - 1, version and whole(field) }
      end
    elseif what ~= PUT and version_at(field, scope) == nil then
      return { DAMAGED }
    end
    if what == TAKE and version_at(field, scope) then taken = taken + size_of(field) end
  end
  if taken > MOST_BYTES then return { TOO_LARGE, taken } end
  if answered > 0 and answered + taken > MOST_BYTES then return { LATER } end
  answered = answered + taken

  if not living[scope] and (kind ~= SYSTEM or puts) then create(scope, id, kind, ttl, longest) end

  local answer = { COMMITTED }
  for index = 1, count do
    local what, field = whats[index], at_field[index]
    if what == PUT then
      answer[index + 1] = put(scope, field, at_value[index], ttls[index])
    elseif what == CHECK then
      answer[index + 1] = 0
    else
      local found = version_at(field, scope)
      if what == TAKE then
        answer[index + 1] = found and whole(field)
      else
        answer[index + 1] = found and 1 or 0
      end
      remove(scope, field, kind)
    end
  end
  return answer
end

local answers, last, count = { now }, #program, 1
while at <= last do
  count = count + 1
  answers[count] = commit()
end

if set_count == 0 and not next(gone) then return answers end

local unset, old_keys, graves, checks = {}, {}, {}, {}
for field in pairs(gone) do
  local name = ARGV[BEFORE_FIELDS + field]
  unset[#unset + 1] = name
  old_keys[#old_keys + 1] = string.sub(name, 2)
end
for scope, grave in pairs(mourned) do
  append(grave == 'w' and graves or checks, string.sub(ARGV[BEFORE_FIELDS + scope], 2), grave)
end
set[set_count + 1], set[set_count + 2] = 'n', counter
append(set, 'r', drawn_by(drawn[2]))
if largest > largest_before then append(set, 'm', largest) end
if TEST_TIME then append(set, 't', now) end

-- In this order: what needs memory comes first, because before Redis 7.0 a full memory is noticed at the first such step,
-- or never.
local writes = {
  { 'HSET', 'hash', 1, set }, { 'HSET', 'hash', 9, values }, { 'ZADD', 'zset', 2, new_keys },
  { 'ZADD', 'zset', 3, new_scopes }, { 'ZADD', 'zset', 4, life[1] }, { 'ZADD', 'zset', 5, life[2] },
  { 'ZADD', 'zset', 6, life[3] }, { 'ZADD', 'zset', 7, due }, { 'HSET', 'hash', 8, graves },
  { 'HSETNX', 'hash', 8, checks }, { 'HDEL', 'hash', 1, unset }, { 'HDEL', 'hash', 9, unset },
  { 'ZREM', 'zset', 2, old_keys },
}
for _, write in ipairs(writes) do
  if #write[4] > 0 then
    local wrong = wrong_type(KEYS[write[3]], write[2])
    if wrong then return wrong end
  end
end
for _, write in ipairs(writes) do
  local command, key, list = write[1], KEYS[write[3]], write[4]
  if command == 'HSETNX' then
    for i = 1, #list, 2 do redis.call(command, key, list[i], list[i + 1]) end
  else
    call_with(command, key, list)
  end
end
return answers
