SELECT o.i, clock.now AS moment, s.created, s.expires, s.ends, e.version, e.expires AS entry_expires, e.value
FROM (SELECT fastestmcp.now($1) AS now OFFSET 0) AS clock
CROSS JOIN unnest($3::smallint[], $4::bytea[], $5::bytea[]) WITH ORDINALITY AS o(kind, name, key, i)
LEFT JOIN fastestmcp.scope s
    ON s.ns = $2 AND s.kind = o.kind AND s.name = o.name AND (s.expires IS NULL OR s.expires > clock.now)
LEFT JOIN fastestmcp.entry e
    ON e.scope = s.id AND e.key = o.key AND (e.expires IS NULL OR e.expires > clock.now)
