-- One page, newest first: ARGV = clock, owner or empty for anybody's, status or empty, rows of the page, rows to examine
-- at most, where to go on or empty. Answers the last row examined or nothing, ids and heads, ids that cannot be read.
local owner, status, limit, most, anchor = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

local prefix = ALL
if owner ~= '' then prefix = status == '' and OWNED .. owner or STATUS .. owner .. char(status) end

local upper = '(' .. prefix .. (anchor == '' and '\255' or anchor)
local rows, unread, examined, last = {}, {}, 0, nil
while true do
  local asked = math.min(limit - #rows / 2, most - examined) + 1
  local members = redis.call('ZREVRANGEBYLEX', INDEX, upper, '[' .. prefix, 'LIMIT', 0, asked)
  local ids = {}
  for at = 1, #members do ids[at] = sub(members[at], #prefix + 8) end
  local heads = read_heads(ids)
  for at, id in ipairs(ids) do
    if #rows / 2 == limit or examined == most then return {now, last, rows, unread} end
    local head = heads[id]
    examined, last = examined + 1, sub(members[at], #prefix + 1)
    if is_closed(id) then
      unread[#unread + 1] = id
    elseif is_live(head) and (status == '' or head.status == tonumber(status)) then
      local size = #rows
      rows[size + 1], rows[size + 2] = id, head.stored
    end
  end
  if #members < asked then return {now, '', rows, unread} end
  upper = '(' .. members[#members]
end
