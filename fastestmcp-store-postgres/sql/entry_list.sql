-- Up to $7 rows are examined, and those after $8 live ones or $9 bytes of values are of no interest. One row is there even
-- if the scope is not. `late`: the scope looks expired; entries that do are not `live`. $10: as of when, if not now.
SELECT
    clock.now AS moment, s.expires <= clock.now AS late, l.key, l.version, l.entry_expires, l.live,
    CASE WHEN l.bytes_before = 0 OR l.bytes_before + l.bytes <= $9 THEN l.value END AS value
FROM (SELECT coalesce($10, fastestmcp.now($1)) AS now OFFSET 0) AS clock
LEFT JOIN fastestmcp.scope s ON s.ns = $2 AND s.kind = $3 AND s.name = $4
LEFT JOIN LATERAL (
    SELECT r.*, coalesce(sum(r.bytes) OVER before, 0) AS bytes_before, count(*) FILTER (WHERE r.live) OVER before AS live_before
    FROM (
        SELECT x.key, x.version, x.expires AS entry_expires, x.live,
            CASE WHEN x.live THEN octet_length(x.value) ELSE 0 END AS bytes, CASE WHEN x.live THEN x.value END AS value
        FROM (
            SELECT e.*, e.expires IS NULL OR e.expires > clock.now AS live FROM fastestmcp.entry e
            WHERE e.scope = s.id AND e.key >= $5 AND e.key < $6 AND (s.expires IS NULL OR s.expires > clock.now)
            ORDER BY e.key LIMIT $7
        ) AS x
    ) AS r
    WINDOW before AS (ORDER BY r.key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
) AS l ON l.live_before <= $8
ORDER BY l.key
