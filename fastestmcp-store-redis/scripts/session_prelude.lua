-- Part of every script of the session seam: how records are stored.

-- The format of both records.
local FORMAT = 1
-- `state` holds per scope, under `s` and its digest, and per entry, under `e`, the digest of its scope and its key, a small
-- record each; `values` holds the values, under the entry's field. They are apart because Lua hashes every byte of
-- every string that it is handed: a write neither reads the old value nor copies the new one.

-- A scope: format, incarnation, created, expires or 0, ends or 0; then its id.
local SCOPE, SCOPE_BYTES = '>BI7I6I6I6', 26
-- An entry: format, version, expires or 0, incarnation of its scope.
local ENTRY, ENTRY_BYTES = '>BI7I6I7', 21

local function is_scope(record)
  return #record >= SCOPE_BYTES and string.byte(record) == FORMAT
end

local function is_entry(record)
  return #record == ENTRY_BYTES and string.byte(record) == FORMAT
end

