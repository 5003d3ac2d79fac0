-- Part of every script that draws numbers. They rise for ever, also where a replica is promoted that has not heard of the
-- last of them and whose clock is behind: beside each counter is the replication id of the server that drew from it, and
-- where that is another one now the counter leaps. Ids differ after a promotion, after most restarts, and after a slot has
-- moved to another node.
local LINEAGE = string.match(ARGV[1], '@(.*)$') or ''

-- A day in microseconds, and counters follow the clock in microseconds: a replica may be that late and its clock that much
-- behind. Near the end of numbers leaps get smaller.
local LEAP, LAST = 86400000000, 9007199254740991

-- The counter to draw from, and whether the history of the server goes on from another's, so that what came last in that
-- may be lost. Raised before anything is written: the caller has to connect again, the server has changed under it.
local function leap(counter, lineage)
  if LINEAGE == '' or lineage == LINEAGE or counter == 0 then return counter, false end
  local readable, info = pcall(redis.call, 'INFO', 'replication')
  if not readable then info = '' end
  if (string.match(info, 'master_replid:(%x+)') or LINEAGE) ~= LINEAGE then
    error(redis.error_reply('STALE the server was promoted or restarted'))
  end
  local before = string.match(info, 'master_replid2:(%x+)') or ''
  return counter + math.min(LEAP, math.floor((LAST - counter) / 1024)), string.find(before, '[^0]') ~= nil
end

-- What is to be stored beside the counter. Who cannot see the id leaves the one that is there.
local function drawn_by(lineage)
  if LINEAGE ~= '' then return LINEAGE end
  return lineage or ''
end

