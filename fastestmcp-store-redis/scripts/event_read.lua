-- Reads several topics of one part.
--
-- KEYS  topics, then the stream of each topic
-- ARGV  2 how many events per topic, 3 how many bytes altogether but for the last event, then per topic its digest and
--       the offset to read after, or `t` for its tail
-- Answers the time, then per topic { 0, next, offset, event, … } or, for a gap, { 1, next, oldest or nothing }.
local TOPIC, TOPIC_BYTES, FORMAT = '>BI7I7I7', 22, 1
local limit, bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local marks = redis.call('HMGET', KEYS[1], 'f', 'l')
local forgotten, leapt = tonumber(marks[1] or 0), tonumber(marks[2] or 0)
local answer = { store_time() }

local function offset_of(event)
  return tonumber(string.match(event[1], '%d+'))
end

-- Everything after an offset, up to the bounds. The first request is for one event, so that little is read in vain.
local function events_after(stream, after)
  local found, next_offset, at_once = { 0, after }, after, 1
  while limit > (#found - 2) / 2 and bytes > 0 do
    local from = string.format('%.0f-0', next_offset + 1)
    local wanted = math.min(at_once, limit - (#found - 2) / 2)
    local events = redis.call('XRANGE', stream, from, '+', 'COUNT', wanted)
    for _, event in ipairs(events) do
      if bytes <= 0 then break end
      next_offset = offset_of(event)
      local payload = event[2][2]
      bytes = bytes - #payload - 1
      found[#found + 1] = next_offset
      found[#found + 1] = payload
    end
    if #events < wanted then break end
    -- Redis hands over all of them at once, whatever their size.
    at_once = 16
  end
  found[2] = next_offset
  return found
end

for i = 2, #KEYS do
  local digest, from = ARGV[2 * i], ARGV[2 * i + 1]
  local floor, head = forgotten, forgotten
  local record = redis.call('HGET', KEYS[1], digest)
  if record then
    if #record ~= TOPIC_BYTES or string.byte(record) ~= FORMAT then return redis.error_reply('CORRUPT a topic') end
    local _
    _, floor, head = struct.unpack(TOPIC, record)
  end
  local after = tonumber(from)
  if not after then
    answer[i] = { 0, head }
  elseif after < floor or after > head then
    local oldest = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)[1]
    answer[i] = { 1, floor, oldest and offset_of(oldest) }
  elseif after < leapt and leapt < head then
    -- What came between may have been lost with the server that had it.
    answer[i] = { 1, leapt, leapt + 1 }
  else
    answer[i] = events_after(KEYS[i], after)
  end
end
return answer
