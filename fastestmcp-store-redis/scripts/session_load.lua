-- Reads scopes, entries and values while the memory is full: Redis then queues no command of a transaction.
--
-- KEYS  state, values
-- ARGV  2 how many fields of the state, 3… those, then the fields of the values
-- Answers the time, the records, the values.
local function read(key, first, last)
  local found = {}
  for from = first, last, CHUNK do
    local some = redis.call('HMGET', key, unpack(ARGV, from, math.min(from + CHUNK - 1, last)))
    for i = 1, #some do found[from - first + i] = some[i] end
  end
  return found
end

local now = store_time()
local last = 2 + tonumber(ARGV[2])
return { now, read(KEYS[1], 3, last), read(KEYS[2], last + 1, #ARGV) }
