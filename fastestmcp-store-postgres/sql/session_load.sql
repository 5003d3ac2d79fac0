-- `late`: it looks expired, which only its lock can decide: a write that read the clock in time may be about to be
-- committed. Values of more than $6 bytes are left out.
SELECT
    o.i, clock.now AS moment, s.created, s.expires, s.ends, e.version, e.expires AS entry_expires,
    CASE WHEN octet_length(e.value) <= $6 THEN e.value END AS value,
    coalesce(s.expires <= clock.now OR e.expires <= clock.now, false) AS late
FROM (SELECT fastestmcp.now($1) AS now OFFSET 0) AS clock
CROSS JOIN unnest($3::smallint[], $4::bytea[], $5::bytea[]) WITH ORDINALITY AS o(kind, name, key, i)
LEFT JOIN fastestmcp.scope s ON s.ns = $2 AND s.kind = o.kind AND s.name = o.name
LEFT JOIN fastestmcp.entry e ON e.scope = s.id AND e.key = o.key
