-- Replaces tasks under their guards, each with its own outcome. Per task: id, request, state.
local REPLACED, CONFLICT, LEASE_LOST, MISSING = 0, 1, 2, 3
local KEEP, RUNNABLE, WAITING, PARKED, TERMINAL = 0, 1, 2, 3, 4
local REQUEST = '>I7BI7BBI7'

local ids = {}
for at = 2, #ARGV, 3 do table.insert(ids, ARGV[at]) end
local heads = read_heads(ids)
if not heads then return UNREADABLE end

local before, states = {}, {}

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
  local old = heads[id]
  if not is_live(old) then return {MISSING} end
  if guarded == 1 and (old.token == 0 or old.token ~= token) then return {LEASE_LOST} end
  if old.version ~= version then
    local kept = states[id] or redis.call('HGET', STATES, id)
    return kept and {CONFLICT, pack_head(old), kept}
  end
  local head = copy_of(old)
  head.status, head.updated, head.version, head.state_bytes = status, now, draw(), #state
  enter(head, phase, span)
  before[id] = before[id] or old
  heads[id], states[id] = head, state
  return {REPLACED, pack_head(head)}
end

local answers = {}
for at = 2, #ARGV, 3 do
  local answer = replace(ARGV[at], ARGV[at + 1], ARGV[at + 2])
  if not answer then return UNREADABLE end
  table.insert(answers, answer)
end

local new_heads, new_states = {}, {}
for id, old in pairs(before) do
  local head = heads[id]
  for _, index in ipairs({DUE, EXPIRY, OPEN, STATUS}) do reindex(index, id, old, head) end
  table.insert(new_heads, id)
  table.insert(new_heads, pack_head(head))
  table.insert(new_states, id)
  table.insert(new_states, states[id])
end
if #new_heads > 0 then
  write_counter()
  redis.call('HSET', HEADS, unpack(new_heads))
  redis.call('HSET', STATES, unpack(new_states))
  write_indexes()
end
return {now, answers}
