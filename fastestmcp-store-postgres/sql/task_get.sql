-- The columns of fastestmcp.task_answer. A row without an item carries the moment if nothing is found. Outcomes: 0 live,
-- 1 looks expired. $7: as of when, if not now.
WITH clock AS MATERIALIZED (SELECT coalesce($7, fastestmcp.now($1)) AS moment)
SELECT
    CASE WHEN r.id IS NOT NULL THEN i.item END::integer,
    CASE WHEN r.expires <= clock.moment THEN 1 ELSE 0 END::smallint,
    clock.moment, NULL::bigint, NULL::bigint[], r.*, spec.spec, state.state
FROM clock
LEFT JOIN unnest($3::bytea[]) WITH ORDINALITY AS i(name, item) ON true
LEFT JOIN fastestmcp.task t ON t.ns = $2 AND t.name = i.name
LEFT JOIN fastestmcp.task_record r ON r.id = t.id AND ($4::bytea IS NULL OR r.owner = $4)
LEFT JOIN fastestmcp.task_spec spec ON spec.id = r.id AND $5 AND (r.expires IS NULL OR r.expires > clock.moment)
LEFT JOIN fastestmcp.task_state state ON state.id = r.id AND $6 AND (r.expires IS NULL OR r.expires > clock.moment)
