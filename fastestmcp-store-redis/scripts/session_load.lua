-- Loads of many callers, none of whose answers is larger than it may be, nor is the reply.
--
-- KEYS  state, values
-- ARGV  from 2 on per load: how many fields it has, that of the scope, those of the entries
-- Answers the time, the largest value that was ever put or nothing, then per load: its records and values; or how many
-- bytes they would be if that is too much; or nothing if it is for another run.
local now = store_time()
local answers = { now, redis.call('HGET', KEYS[1], 'm') }
local at, bytes = 2, 0
while at <= #ARGV do
  local first, last = at + 1, at + tonumber(ARGV[at])
  at = last + 1
  local records = redis.call('HMGET', KEYS[1], unpack(ARGV, first, last))
  local fields, places, size = live_values(records, first, now)
  local answer = {}
  if size > MOST_BYTES then
    answer = { size }
  elseif bytes == 0 or bytes + size <= MOST_BYTES then
    bytes = bytes + size
    answer = { records, read_values(#records - 1, fields, places) }
  end
  answers[#answers + 1] = answer
end
return answers
