-- Part of the scripts that load: what is live of the records of one load, in the place of which `false` stands for the rest,
-- the fields of their values, where they belong, and how many bytes they are. ARGV[first] is the field of the scope.
local function live_values(records, first, now)
  local fields, places, bytes = {}, {}, 0
  local scope = records[1]
  if not scope or not is_scope(scope) then return fields, places, bytes end
  local _, incarnation, _, ends = struct.unpack(SCOPE, scope)
  local is_live = ends == 0 or ends > now
  for place = 2, #records do
    local entry = records[place]
    if entry and is_entry(entry) then
      local _, _, dies, of = struct.unpack(ENTRY, entry)
      if is_live and of == incarnation and (dies == 0 or dies > now) then
        local field = ARGV[first + place - 1]
        fields[#fields + 1], places[#places + 1] = field, place - 1
        bytes = bytes + redis.call('HSTRLEN', KEYS[2], field)
      else
        records[place] = false
      end
    end
  end
  return fields, places, bytes
end

-- The values, `false` where there is none.
local function read_values(count, fields, places)
  local values = {}
  for place = 1, count do values[place] = false end
  if #fields > 0 then
    for index, value in ipairs(redis.call('HMGET', KEYS[2], unpack(fields))) do values[places[index]] = value end
  end
  return values
end

