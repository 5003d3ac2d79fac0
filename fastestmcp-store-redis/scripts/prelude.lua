-- Part of every script. ARGV[1] is the store's time in milliseconds if a test clock stands in for it, then `@` and the
-- replication id that the server had when the caller connected to it, as far as it can be seen.
-- Milliseconds, versions, tokens and offsets stay below 2^53, which Lua's numbers hold exactly.
local TEST_TIME = tonumber(string.match(ARGV[1], '^%d+'))

-- The store's time in milliseconds. Called once per script.
local function store_time()
  if TEST_TIME then return TEST_TIME end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- An error reply if a key holds something else than its type, given as key, type, key, type, …
-- Called before the first write: Redis does not roll back.
local function wrong_type(...)
  local expected = { ... }
  for i = 1, #expected, 2 do
    local found = redis.call('TYPE', expected[i]).ok
    if found ~= 'none' and found ~= expected[i + 1] then
      return redis.error_reply('CORRUPT a key of the store holds a ' .. found)
    end
  end
end

-- How many bytes of values an answer may have, and a reply to several callers.
local MOST_BYTES = 16777216
-- Lua hands over at most some 8,000 arguments at once. Even, so that pairs stay together.
local CHUNK = 4000

-- Calls a command with all of a list, in as few calls as it takes.
local function call_with(command, key, list)
  for from = 1, #list, CHUNK do
    redis.call(command, key, unpack(list, from, math.min(from + CHUNK - 1, #list)))
  end
end

