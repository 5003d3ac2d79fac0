-- Appends events to a topic.
--
-- KEYS  topics, ends, the topic's stream
-- ARGV  2 the topic's digest, 3 how many events to keep, 4 how long, 5 but how many bytes at most, 6… the events
-- Answers the time and the first offset.
--
-- `topics` holds per digest: format, floor, head, bytes; the counter of offsets under `n`; under `f` an offset above those of
-- all topics that vanished; under `r` the replication id of who drew the last offset; under `l` where offsets leapt when
-- events may have been lost. An event's id is its offset and the time of its append.
local wrong = wrong_type(KEYS[1], 'hash', KEYS[2], 'zset', KEYS[3], 'stream')
if wrong then return wrong end

-- Trimming waits until this many events more than must be kept are there, so that most appends need none; and it removes
-- at most so many besides as many as were added, so that its cost is bounded. What has more bytes than it may is looked at
-- in steps: Redis hands over whole events.
local SLACK, MOST, STEP = 64, 256, 16
local TOPIC, TOPIC_BYTES, FORMAT = '>BI7I7I7', 22, 1
local digest, keep, age, max_bytes = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local count = #ARGV - 5

local found = redis.call('HMGET', KEYS[1], 'n', 'f', digest, 'r')
local counter, lost = leap(tonumber(found[1] or 0), found[4])
local floor, bytes = tonumber(found[2] or 0), 0
if found[3] then
  if #found[3] ~= TOPIC_BYTES or string.byte(found[3]) ~= FORMAT then return redis.error_reply('CORRUPT a topic') end
  local _
  _, floor, _, bytes = struct.unpack(TOPIC, found[3])
end
local now = store_time()
local first = math.max(counter + 1, now * 1000)
local head = first + count - 1

for i = 1, count do
  redis.call('XADD', KEYS[3], string.format('%.0f-%.0f', first + i - 1, now), 'e', ARGV[5 + i])
  bytes = bytes + #ARGV[5 + i]
end
local held, gone = redis.call('XLEN', KEYS[3]), nil

-- Lets go of the oldest events, at most so many, as long as they may go.
local function drop(most, may_go)
  local from = gone and string.format('%.0f-0', gone + 1) or '-'
  for _, event in ipairs(redis.call('XRANGE', KEYS[3], from, '+', 'COUNT', most)) do
    local offset, appended = string.match(event[1], '(%d+)-(%d+)')
    if not may_go(tonumber(appended)) then return end
    gone, held, bytes = tonumber(offset), held - 1, bytes - #event[2][2]
  end
end

if held - keep > SLACK then
  drop(math.min(held - keep, MOST + count), function(appended) return appended + age <= now end)
end
local function is_too_much() return held > 1 and bytes > max_bytes end
while is_too_much() do drop(STEP, is_too_much) end
if gone then
  redis.call('XTRIM', KEYS[3], 'MINID', string.format('%.0f-0', gone + 1))
  floor = gone
end
if lost then redis.call('HSET', KEYS[1], 'l', counter) end
redis.call('HSET', KEYS[1], 'n', head, 'r', drawn_by(found[4]), digest, struct.pack(TOPIC, FORMAT, floor, head, bytes))
redis.call('ZADD', KEYS[2], now + age, digest)
return { now, first }
