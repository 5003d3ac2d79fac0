-- Around every script on servers before Redis 7.0. What `redis.call` raises there ends a script with a text that hides the
-- error's code, so it is raised as the table that `redis.pcall` makes of it, and answered as that.
local server = redis
local redis = setmetatable({}, { __index = server })

function redis.pcall(...)
  local reply = server.pcall(...)
  if type(reply) == 'table' and reply.err then
    -- A refusal that came before the command was tried names the line first.
    reply.err = string.gsub(reply.err, '^@user_script: %d+: %-', '')
  end
  return reply
end

function redis.call(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then error(reply) end
  return reply
end

local function script()
