-- $6: as of when, if not now.
SELECT
    clock.now AS moment, s.name, s.created, s.expires, s.ends, CASE
        WHEN $3 = 3::smallint THEN EXISTS (
            SELECT 1 FROM fastestmcp.entry e WHERE e.scope = s.id AND (e.expires IS NULL OR e.expires > clock.now)
        )
        ELSE s.expires IS NULL OR s.expires > clock.now
    END AS listed
FROM (SELECT coalesce($6, fastestmcp.now($1)) AS now OFFSET 0) AS clock
LEFT JOIN LATERAL (
    SELECT x.id, x.name, x.created, x.expires, x.ends FROM fastestmcp.scope x
    WHERE x.ns = $2 AND x.kind = $3 AND x.name >= $4
    ORDER BY x.name LIMIT $5
) AS s ON true
ORDER BY s.name
