-- Waits until the writes that are under way in these scopes are committed.
SELECT pg_advisory_xact_lock_shared(sorted.key) FROM (
    SELECT DISTINCT fastestmcp.scope_lock($1, c.kind, c.name) AS key
    FROM unnest($2::smallint[], $3::bytea[]) AS c(kind, name)
    ORDER BY key
) AS sorted
