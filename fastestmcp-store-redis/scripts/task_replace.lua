-- Replaces tasks under their guards, each with its own outcome. Per task: id, request, state.
local REPLACED, CONFLICT, LEASE_LOST, MISSING = 0, 1, 2, 3
local KEEP, RUNNABLE, WAITING, PARKED, TERMINAL = 0, 1, 2, 3, 4
local REQUEST = '>I7BI7BBI7'

local ids = {}
for at = 2, #ARGV, 3 do ids[#ids + 1] = ARGV[at] end
local heads = read_heads(ids)

local before, states, packed = {}, {}, {}

-- Moves a head into its next phase.
local function enter(head, phase, span)
  if phase == KEEP then return end
  head.token, head.worker = 0, ''
  head.open = phase == TERMINAL and 0 or 1
  head.due = (phase == RUNNABLE or phase == WAITING) and now + span or NEVER
  if phase == TERMINAL and head.expires ~= NEVER then head.expires = math.max(head.expires, now + span) end
end

local function replace(id, request, state)
  local version, guarded, token, status, phase, span = struct.unpack(REQUEST, request)
  if is_closed(id) then return {DAMAGED} end
  local old = heads[id]
  if not is_live(old) then return {MISSING} end
  if guarded == 1 and (old.token == 0 or old.token ~= token) then return {LEASE_LOST} end
  if old.version ~= version then
    if not fits(old.state_bytes) then return {LATER} end
    local kept = states[id] or redis.call('HGET', RECORDS, STATE .. id)
    return kept and {CONFLICT, pack_head(old), kept} or {DAMAGED}
  end
  local head = copy_of(old)
  head.status, head.updated, head.version, head.state_bytes = status, now, draw(), #state
  enter(head, phase, span)
  before[id] = before[id] or old
  heads[id], states[id], packed[id] = head, state, pack_head(head)
  return {REPLACED, packed[id]}
end

local answers = {}
for at = 2, #ARGV, 3 do
  answers[#answers + 1] = replace(ARGV[at], ARGV[at + 1], ARGV[at + 2])
end

local fields, size = {}, 2
for id, old in pairs(before) do
  local head = heads[id]
  if old.due ~= head.due then move(due_member(id, old), due_member(id, head)) end
  if old.expires ~= head.expires then move(expiry_member(id, old), expiry_member(id, head)) end
  if old.open ~= head.open or old.expires ~= head.expires then move(open_member(id, old), open_member(id, head)) end
  if old.status ~= head.status then move(status_member(id, old), status_member(id, head)) end
  fields[size + 1], fields[size + 2] = HEAD .. id, packed[id]
  fields[size + 3], fields[size + 4] = STATE .. id, states[id]
  size = size + 4
end
if size > 2 then
  write_records(fields)
  write_index()
end
return {now, answers}
