-- Part of every task script. All tasks of a namespace lie under two keys, and both are declared: while a cluster moves
-- their slot a script is refused instead of seeing half of the tasks.
local RECORDS, INDEX = KEYS[1], KEYS[2]
local wrong = wrong_type(RECORDS, 'hash', INDEX, 'zset')
if wrong then return wrong end
local UNREADABLE = redis.error_reply('CORRUPT a task cannot be read')
-- What one of several callers is told instead; and one whose answer does not fit into this reply.
local DAMAGED, LATER = 4, 5

local now = store_time()

-- In times: none. Everything stored is an integer below 2^53.
local NEVER = 9007199254740991

-- Fields of RECORDS: a prefix says what it is, the rest is an id or the digest of an idempotency key.
local HEAD, SPEC, STATE, KEY, COUNTER, DRAWN_BY = 'h', 'p', 's', 'k', 'n', 'r'

-- A head is one string: what changes, then `fixed` (owner, creation time, queue, level, bytes of the spec, idempotency
-- key, and names that only clients read), then the worker. Scripts cut what they need out of `fixed`.
local FORMAT = 1
local LAYOUT = '>BBBI7I7I7I7I7I4I4I2c0I2c0'
local pack, sub = struct.pack, string.sub

local function pack_head(head)
  local fixed, worker = head.fixed, head.worker
  return pack(LAYOUT, FORMAT, head.status, head.open, head.updated, head.expires, head.due, head.version, head.token,
    head.claims, head.state_bytes, #fixed, fixed, #worker, worker)
end

local function unpack_head(packed)
  local format, status, open, updated, expires, due, version, token, claims, state_bytes, fixed, worker =
    struct.unpack(LAYOUT, packed)
  -- `fixed` has to hold what it says that it holds.
  local key_bytes, level = string.byte(fixed, 45), string.byte(fixed, 40)
  local owner_bytes = struct.unpack('>I2', fixed, 46 + key_bytes)
  local queue_bytes = struct.unpack('>I2', fixed, 48 + key_bytes + owner_bytes)
  if format ~= FORMAT or level > 9 or #fixed < 49 + key_bytes + owner_bytes + queue_bytes then error('format') end
  return {
    status = status, open = open, updated = updated, expires = expires, due = due, version = version, token = token,
    claims = claims, state_bytes = state_bytes, fixed = fixed, worker = worker, stored = packed,
  }
end

local function spec_bytes(head)
  return struct.unpack('>I4', head.fixed, 41)
end

-- The digest of the idempotency key; empty without one.
local function key_of(head)
  return sub(head.fixed, 46, 45 + string.byte(head.fixed, 45))
end

local function copy_of(head)
  return {
    status = head.status, open = head.open, updated = head.updated, expires = head.expires, due = head.due,
    version = head.version, token = head.token, claims = head.claims, state_bytes = head.state_bytes,
    fixed = head.fixed, worker = head.worker,
  }
end

local function is_live(head)
  return head and head.expires > now or false
end

local last_drawn, last_lineage

-- Ids whose heads cannot be read, and those whose heads are of a newer format: for releases that know it.
local damaged, newer = {}, {}
local NEWEST = FORMAT + 15

-- Heads by id, expired ones included.
local function read_heads(ids)
  local fields = {COUNTER, DRAWN_BY}
  for index = 1, #ids do fields[index + 2] = HEAD .. ids[index] end
  local values = redis.call('HMGET', RECORDS, unpack(fields))
  last_drawn, last_lineage = tonumber(values[1] or 0), values[2]
  local heads = {}
  for index = 1, #ids do
    local packed = values[index + 2]
    if packed then
      local readable, head = pcall(unpack_head, packed)
      local format = string.byte(packed)
      if readable then
        heads[ids[index]] = head
      elseif format and format > FORMAT and format <= NEWEST then
        newer[ids[index]] = true
      else
        damaged[ids[index]] = true
      end
    end
  end
  return heads
end

-- Whether a head is there and cannot be read by this release.
local function is_closed(id)
  return damaged[id] or newer[id]
end

