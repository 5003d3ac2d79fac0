-- Commits of many callers, in their order, each with its own outcome. All reads come first, in bulk; then all checks;
-- then all writes, in bulk.
--
-- KEYS  state, keys, scopes, life:0, life:1, life:2, due, graves
-- ARGV  2 how many fields are read, 3 how many there are, 4 the program, 5… the fields, then the values
--
-- The program names fields and values by their place. Per commit: field of the scope (H), its id (H), kind (B), rule (B),
-- ttl (I6), longest life or 0 (I6), number of operations (H); per operation: what (B), expectation (B), version (I7), ttl or 0
-- (I6), field (H), value (H). A put without expectation is the only one whose field is not read.
local wrong = wrong_type(KEYS[1], 'hash', KEYS[2], 'zset', KEYS[3], 'zset', KEYS[4], 'zset', KEYS[5], 'zset', KEYS[6],
  'zset', KEYS[7], 'zset', KEYS[8], 'hash')
if wrong then return wrong end

local EXISTING, CREATE_IF_MISSING, CREATE_NEW = 0, 1, 2
local PUT, DELETE, TAKE, CHECK = 0, 1, 2, 3
local ANY, ABSENT, PRESENT, VERSION = 0, 1, 2, 3
local COMMITTED, MISMATCH, GONE, EXISTS, DAMAGED = 0, 1, 2, 3, 4
local SYSTEM = 3
local FIRST_FIELD = 5

local reads, fields = tonumber(ARGV[2]), tonumber(ARGV[3])
local program = ARGV[4]
local first_value = FIRST_FIELD + fields

-- What every field holds: as read, then as changed. `false` is nothing.
local stored = {}
for from = 1, reads, CHUNK do
  local to = math.min(from + CHUNK - 1, reads)
  local found = redis.call('HMGET', KEYS[1], unpack(ARGV, FIRST_FIELD + from - 1, FIRST_FIELD + to - 1))
  for i = from, to do
    stored[i] = found[i - from + 1]
  end
end
local counter = tonumber(redis.call('HGET', KEYS[1], 'n') or 0)
local now = store_time()
-- A test clock was read before this script had its turn: time follows the order of commits nevertheless.
if ARGV[1] ~= '' then
  now = math.max(now, tonumber(redis.call('HGET', KEYS[1], 't') or 0))
end

local changed, scopes, added, mourned = {}, {}, {}, {}

local function draw()
  counter = math.max(counter + 1, now * 1000)
  return counter
end

-- The scope in a field, live or not; `nil` if what is stored is damaged.
local function scope_at(field)
  local scope = scopes[field]
  if scope == nil then
    local record = stored[field]
    if not record then
      scope = { live = false, stored = false }
    elseif is_scope(record) then
      local _, incarnation, created, expires, ends = struct.unpack(SCOPE, record)
      scope = { incarnation = incarnation, live = expires == 0 or expires > now, stored = true }
    else
      return nil
    end
    scopes[field] = scope
  end
  return scope
end

-- The version of the live entry in a field, `false` if there is none, `nil` if what is stored is damaged.
local function version_at(field, scope)
  local entry = stored[field]
  if not entry or not scope.live then return false end
  if not is_entry(entry) then return nil end
  local _, version, expires, incarnation = struct.unpack(ENTRY, entry)
  return incarnation == scope.incarnation and (expires == 0 or expires > now) and version
end

local function holds(expect, wanted, version)
  if expect == ANY then return true end
  if expect == ABSENT then return not version end
  if expect == PRESENT then return version ~= false end
  return version == wanted
end

local at = 1

local function commit()
  local scope_field, id, kind, rule, ttl, longest, count
  scope_field, id, kind, rule, ttl, longest, count, at = struct.unpack('>HHBBI6I6H', program, at)
  local first = at
  at = at + count * 19
  local scope = scope_at(scope_field)
  if not scope then return { DAMAGED } end
  if kind ~= SYSTEM then
    if rule == EXISTING and not scope.live then return { GONE } end
    if rule == CREATE_NEW and scope.live then return { EXISTS } end
  end

  local puts, position = false, first
  for index = 0, count - 1 do
    local what, expect, wanted, _, field
    what, expect, wanted, _, field, _, position = struct.unpack('>BBI7I6HH', program, position)
    puts = puts or what == PUT
    if what ~= PUT or expect ~= ANY then
      local version = version_at(field, scope)
      if version == nil then return { DAMAGED } end
      if not holds(expect, wanted, version) then
        return { MISMATCH, index, version and stored[field] }
      end
    end
  end

  if not scope.live and (kind ~= SYSTEM or puts) then
    local ends = longest > 0 and now + longest or 0
    local expires = 0
    if kind ~= SYSTEM then
      expires = now + ttl
      if ends > 0 and ends < expires then expires = ends end
    else
      ends = 0
    end
    if scope.stored then mourned[scope_field] = 'w' end
    scope.incarnation, scope.live, scope.stored = draw(), true, true
    stored[scope_field] = struct.pack(SCOPE, FORMAT, scope.incarnation, now, expires, ends) .. ARGV[first_value + id]
    changed[scope_field] = true
    added[scope_field] = { kind, expires }
  end

  local answer = { COMMITTED }
  position = first
  for index = 1, count do
    local what, _, ttl_of_key, field, value
    what, _, _, ttl_of_key, field, value, position = struct.unpack('>BBI7I6HH', program, position)
    if what == PUT then
      local version = draw()
      local expires = ttl_of_key > 0 and now + ttl_of_key or 0
      stored[field] = struct.pack(ENTRY, FORMAT, version, expires, scope.incarnation) .. ARGV[first_value + value]
      changed[field] = expires
      answer[index + 1] = version
    elseif what == CHECK then
      answer[index + 1] = 0
    else
      local found = version_at(field, scope)
      if what == TAKE then
        answer[index + 1] = found and stored[field]
      else
        answer[index + 1] = found and 1 or 0
      end
      if stored[field] then
        stored[field] = false
        changed[field] = 0
        if kind == SYSTEM then mourned[scope_field] = mourned[scope_field] or 'e' end
      end
    end
  end
  return answer
end

local answers = { now }
while at <= #program do
  answers[#answers + 1] = commit()
end

-- Writes. What needs memory comes first: before Redis 7.0 a full memory is noticed at the first such step, or never.
local set, unset, new_keys, old_keys, due = { 'n', counter }, {}, {}, {}, {}
local new_scopes, life, graves, checks = {}, { {}, {}, {} }, {}, {}
for field = 1, fields do
  local expires = changed[field]
  if expires then
    local name = ARGV[FIRST_FIELD + field - 1]
    local member = string.sub(name, 2)
    if added[field] then
      local kind, deadline = unpack(added[field])
      set[#set + 1], set[#set + 2] = name, stored[field]
      new_scopes[#new_scopes + 1], new_scopes[#new_scopes + 2] = 0, string.char(kind) .. member
      if kind ~= SYSTEM then
        local of_kind = life[kind + 1]
        of_kind[#of_kind + 1], of_kind[#of_kind + 2] = deadline, member
      end
    elseif stored[field] then
      set[#set + 1], set[#set + 2] = name, stored[field]
      new_keys[#new_keys + 1], new_keys[#new_keys + 2] = 0, member
      if expires > 0 then
        due[#due + 1], due[#due + 2] = expires, member
      end
    else
      unset[#unset + 1] = name
      old_keys[#old_keys + 1] = member
    end
  end
  local grave = mourned[field]
  if grave then
    local list = grave == 'w' and graves or checks
    list[#list + 1], list[#list + 2] = string.sub(ARGV[FIRST_FIELD + field - 1], 2), grave
  end
end
if next(changed) then
  if ARGV[1] ~= '' then set[#set + 1], set[#set + 2] = 't', now end
  call_with('HSET', KEYS[1], set)
  call_with('ZADD', KEYS[2], new_keys)
  call_with('ZADD', KEYS[3], new_scopes)
  for kind = 1, 3 do call_with('ZADD', KEYS[3 + kind], life[kind]) end
  call_with('ZADD', KEYS[7], due)
  call_with('HSET', KEYS[8], graves)
  for i = 1, #checks, 2 do redis.call('HSETNX', KEYS[8], checks[i], checks[i + 1]) end
  call_with('HDEL', KEYS[1], unset)
  call_with('ZREM', KEYS[2], old_keys)
end
return answers
