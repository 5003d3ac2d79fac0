-- The columns of fastestmcp.task_answer. A row without an item carries the moment if nothing is found. Outcomes: 0 live,
-- 1 looks expired, 2 all that is live is larger than $7 bytes, and left out. $8: as of when, if not now.
WITH clock AS MATERIALIZED (SELECT coalesce($8, fastestmcp.now($1)) AS moment),
found AS MATERIALIZED (
    SELECT
        CASE WHEN t.id IS NOT NULL THEN i.item END::integer AS item, clock.moment, t.id,
        coalesce(h.expires <= clock.moment, false) AS late, coalesce(sum(CASE WHEN h.expires <= clock.moment THEN 0 ELSE
            CASE WHEN $5 THEN h.spec_bytes ELSE 0 END::bigint + CASE WHEN $6 THEN h.state_bytes ELSE 0 END
        END) OVER () <= $7, true) AS bounded
    FROM clock
    LEFT JOIN unnest($3::bytea[]) WITH ORDINALITY AS i(name, item) ON true
    LEFT JOIN fastestmcp.task t ON t.ns = $2 AND t.name = i.name AND ($4::bytea IS NULL OR t.owner = $4)
    LEFT JOIN fastestmcp.task_head h ON h.id = t.id
)
SELECT
    f.item, CASE WHEN f.late THEN 1 WHEN f.bounded THEN 0 ELSE 2 END::smallint, f.moment, NULL::bigint, NULL::bigint[], r.*,
    spec.spec, state.state
FROM found f
LEFT JOIN fastestmcp.task_record r ON r.id = f.id
LEFT JOIN fastestmcp.task_spec spec ON spec.id = f.id AND $5 AND f.bounded AND NOT f.late
LEFT JOIN fastestmcp.task_state state ON state.id = f.id AND $6 AND f.bounded AND NOT f.late
