SELECT clock.now AS moment, (
    SELECT count(*) FROM (
        SELECT 1 FROM fastestmcp.scope s WHERE s.ns = $2 AND s.kind = $3 AND s.expires > clock.now LIMIT $4
    ) AS live
) AS live
FROM (SELECT fastestmcp.now($1) AS now OFFSET 0) AS clock
