-- How many scopes of a kind live in one part of the namespace.
--
-- KEYS  life of the kind
local now = store_time()
return { now, redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), '+inf') }
