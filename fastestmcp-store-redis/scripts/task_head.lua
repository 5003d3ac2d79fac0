-- Part of every task script. All keys are declared and share one slot: while a cluster moves it, a script is refused
-- instead of seeing half of the tasks.
local wrong = wrong_type(KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'hash', KEYS[4], 'hash', KEYS[5], 'hash',
  KEYS[6], 'zset', KEYS[7], 'zset', KEYS[8], 'zset', KEYS[9], 'zset', KEYS[10], 'zset', KEYS[11], 'zset')
if wrong then return wrong end

local now = store_time()

local COUNTER, HEADS, SPECS, STATES, KEYED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

-- In times: none. Everything stored is an integer below 2^53.
local NEVER = 9007199254740991

-- A head is one string. What only clients read is opaque here: `names` (owner, session, queue) and `worker`.
local FORMAT = 1
local LAYOUT = '>BBBBI7I7I7I7I7I7I4I4I4c16c16Bc0I2c0I2c0'

local function pack_head(head)
  return struct.pack(LAYOUT, FORMAT, head.priority, head.status, head.open, head.created, head.updated, head.expires,
    head.due, head.version, head.token, head.claims, head.spec_bytes, head.state_bytes, head.owner, head.queue,
    #head.key, head.key, #head.names, head.names, #head.worker, head.worker)
end

local function unpack_head(packed)
  local head = {}
  local format
  format, head.priority, head.status, head.open, head.created, head.updated, head.expires, head.due, head.version,
    head.token, head.claims, head.spec_bytes, head.state_bytes, head.owner, head.queue, head.key, head.names,
    head.worker = struct.unpack(LAYOUT, packed)
  if format ~= FORMAT then error('format') end
  return head
end

-- Heads by id, expired ones included; nil if one cannot be read.
local function read_heads(ids)
  local heads = {}
  if #ids == 0 then return heads end
  for index, packed in ipairs(redis.call('HMGET', HEADS, unpack(ids))) do
    if packed then
      local readable, head = pcall(unpack_head, packed)
      if not readable then return nil end
      heads[ids[index]] = head
    end
  end
  return heads
end

local function is_live(head)
  return head and head.expires > now or false
end

local function copy_of(head)
  local copy = {}
  for field, value in pairs(head) do copy[field] = value end
  return copy
end

local UNREADABLE = redis.error_reply('CORRUPT a task cannot be read')
