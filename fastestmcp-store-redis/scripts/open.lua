-- Opens a namespace, or founds it.
--
-- KEYS  format
-- ARGV  2 the oldest format that reads what this release writes, 3 how many parts a new namespace has
-- Answers the oldest format that reads what is stored, and the number of parts.
local wrong = wrong_type(KEYS[1], 'hash')
if wrong then return wrong end

redis.call('HSETNX', KEYS[1], 'min_supported_format', ARGV[2])
redis.call('HSETNX', KEYS[1], 'parts', ARGV[3])
return redis.call('HMGET', KEYS[1], 'min_supported_format', 'parts')
