-- Part of every task script that uses an index. INDEX is a sorted set of one score, so its members are in the order of
-- their bytes: a prefix says which index, times are 7 bytes big-endian, owner and queue are digests of 16 bytes, so that
-- no name can reach into another's range; the id comes last.
local DUE, EXPIRY, OPEN, ALL, OWNED, STATUS = 'd', 'e', 'o', 'a', 'w', 's'
local char = string.char

-- Level 0 holds priority 9.
local function due_member(id, head)
  return head.due ~= NEVER and DUE .. sub(head.fixed, 24, 40) .. pack('>I7', head.due) .. id
end

local function expiry_member(id, head)
  return head.expires ~= NEVER and EXPIRY .. pack('>I7', head.expires) .. id
end

local function open_member(id, head)
  return head.open == 1 and OPEN .. sub(head.fixed, 1, 16) .. pack('>I7', head.expires) .. id
end

local function all_member(id, head)
  return ALL .. sub(head.fixed, 17, 23) .. id
end

local function owned_member(id, head)
  return OWNED .. sub(head.fixed, 1, 23) .. id
end

local function status_member(id, head)
  return STATUS .. sub(head.fixed, 1, 16) .. char(head.status) .. sub(head.fixed, 17, 23) .. id
end

-- Bytes of requests and states in the answers so far, and whether as many more fit.
local answered = 0

local function fits(bytes)
  if answered > 0 and answered + bytes > MOST_BYTES then return false end
  answered = answered + bytes
  return true
end

-- Scores and members to add, members to remove. No member is no entry.
local added, removed = {}, {}

local function move(before, after)
  if before then removed[#removed + 1] = before end
  if after then
    local size = #added
    added[size + 1], added[size + 2] = 0, after
  end
end

local function leave_indexes(id, head)
  move(due_member(id, head), nil)
  move(expiry_member(id, head), nil)
  move(open_member(id, head), nil)
  move(all_member(id, head), nil)
  move(owned_member(id, head), nil)
  move(status_member(id, head), nil)
end

local function write_index()
  call_with('ZREM', INDEX, removed)
  call_with('ZADD', INDEX, added)
end

-- Versions and tokens: numbers that rise for ever, also when a promoted replica has missed the last of them.
local FLOOR_ENDS = 2 ^ 52 + 2 ^ 51
local drawn

local function draw()
  drawn = (drawn or math.max(leap(last_drawn, last_lineage), math.min(now * 1000, FLOOR_ENDS))) + 1
  return drawn
end

-- Writes fields of RECORDS, whose first one is to be the counter.
local function write_records(fields)
  fields[1], fields[2] = COUNTER, string.format('%.0f', drawn or last_drawn)
  if drawn then
    local size = #fields
    fields[size + 1], fields[size + 2] = DRAWN_BY, drawn_by(last_lineage)
  end
  call_with('HSET', RECORDS, fields)
end
