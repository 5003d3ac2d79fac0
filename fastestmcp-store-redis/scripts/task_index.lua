-- Part of every task script that uses an index: sorted sets of one score, so that their members are in the order of their bytes. Times are 7 bytes,
-- big-endian; owner and queue are digests of 16 bytes, so no name can reach into another's range.
local DUE = {key = KEYS[6], added = {}, removed = {}}
local EXPIRY = {key = KEYS[7], added = {}, removed = {}}
local OPEN = {key = KEYS[8], added = {}, removed = {}}
local ALL = {key = KEYS[9], added = {}, removed = {}}
local OWNED = {key = KEYS[10], added = {}, removed = {}}
local STATUS = {key = KEYS[11], added = {}, removed = {}}
local INDEXES = {DUE, EXPIRY, OPEN, ALL, OWNED, STATUS}

-- Level 0 holds priority 9.
function DUE.member(id, head)
  return head.due ~= NEVER and head.queue .. struct.pack('>BI7', 9 - head.priority, head.due) .. id
end

function EXPIRY.member(id, head)
  return head.expires ~= NEVER and struct.pack('>I7', head.expires) .. id
end

function OPEN.member(id, head)
  return head.open == 1 and head.owner .. struct.pack('>I7', head.expires) .. id
end

function ALL.member(id, head)
  return struct.pack('>I7', head.created) .. id
end

function OWNED.member(id, head)
  return head.owner .. struct.pack('>I7', head.created) .. id
end

function STATUS.member(id, head)
  return head.owner .. struct.pack('>BI7', head.status, head.created) .. id
end

-- Notes what a change means to an index; no head is no entry.
local function reindex(index, id, old, new)
  local before = old and index.member(id, old) or nil
  local after = new and index.member(id, new) or nil
  if before == after then return end
  if before then table.insert(index.removed, before) end
  if after then
    table.insert(index.added, 0)
    table.insert(index.added, after)
  end
end

local function write_indexes()
  for _, index in ipairs(INDEXES) do
    if #index.removed > 0 then redis.call('ZREM', index.key, unpack(index.removed)) end
    if #index.added > 0 then redis.call('ZADD', index.key, unpack(index.added)) end
  end
end

-- Versions and tokens: numbers that rise for ever, also when a promoted replica has missed the last of them.
local FLOOR_ENDS = 2 ^ 52 + 2 ^ 51
local drawn

local function draw()
  if not drawn then
    local last = tonumber(redis.call('HGET', COUNTER, 'drawn') or 0)
    drawn = math.max(last, math.min(now * 1000, FLOOR_ENDS))
  end
  drawn = drawn + 1
  return drawn
end

local function write_counter()
  if drawn then redis.call('HSET', COUNTER, 'drawn', string.format('%.0f', drawn)) end
end
