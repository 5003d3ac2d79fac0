-- One step of the sweep over scopes, entries and graves. It waits for nobody: a scope that is being written is left for
-- later. Each row removed is counted by exactly one sweep; `more` says that this one did not see all there is.
CREATE OR REPLACE FUNCTION fastestmcp.session_sweep(
    at bigint, space integer, most_rows bigint, most_bytes bigint,
    OUT swept_rows bigint, OUT swept_bytes bigint, OUT more boolean
)
LANGUAGE plpgsql AS $$
DECLARE
    moment bigint := fastestmcp.now(at);
    candidate record;
    dead record;
    seen bigint := 0;
BEGIN
    swept_rows := 0;
    swept_bytes := 0;
    more := false;

    FOR candidate IN
        SELECT s.id, s.kind, s.name FROM fastestmcp.scope s
        WHERE s.ns = space AND s.look <= moment ORDER BY s.look LIMIT most_rows
    LOOP
        seen := seen + 1;
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(fastestmcp.scope_lock(space, candidate.kind, candidate.name));
        DELETE FROM fastestmcp.scope s WHERE s.id = candidate.id AND s.expires <= moment;
        IF FOUND THEN
            INSERT INTO fastestmcp.grave (scope, ns) VALUES (candidate.id, space);
            swept_rows := swept_rows + 1;
        ELSE
            -- It was touched since: the next look is when it ends now.
            UPDATE fastestmcp.scope s SET look = s.expires WHERE s.id = candidate.id;
        END IF;
    END LOOP;
    more := seen >= most_rows;

    seen := 0;
    FOR candidate IN
        SELECT e.scope, e.key, s.kind, s.name FROM fastestmcp.entry e
        LEFT JOIN fastestmcp.scope s ON s.id = e.scope
        WHERE e.ns = space AND e.look <= moment ORDER BY e.look LIMIT most_rows - swept_rows
    LOOP
        IF swept_bytes >= most_bytes THEN
            more := true;
            EXIT;
        END IF;
        seen := seen + 1;
        -- Without a row its scope is in its grave, where nobody writes.
        CONTINUE WHEN candidate.name IS NOT NULL
            AND NOT pg_try_advisory_xact_lock(fastestmcp.scope_lock(space, candidate.kind, candidate.name));
        DELETE FROM fastestmcp.entry e
        WHERE e.scope = candidate.scope AND e.key = candidate.key AND (e.expires <= moment OR candidate.name IS NULL)
        RETURNING octet_length(e.value) AS bytes INTO dead;
        IF FOUND THEN
            swept_rows := swept_rows + 1;
            swept_bytes := swept_bytes + dead.bytes;
            DELETE FROM fastestmcp.scope s
            WHERE candidate.kind = 3 AND s.id = candidate.scope
                AND NOT EXISTS (SELECT 1 FROM fastestmcp.entry e WHERE e.scope = candidate.scope);
        ELSE
            UPDATE fastestmcp.entry e SET look = e.expires WHERE e.scope = candidate.scope AND e.key = candidate.key;
        END IF;
    END LOOP;
    more := more OR seen > 0 AND seen >= most_rows - swept_rows;

    WHILE swept_rows < most_rows AND swept_bytes < most_bytes LOOP
        SELECT g.scope INTO candidate FROM fastestmcp.grave g
        WHERE g.ns = space ORDER BY g.scope LIMIT 1 FOR UPDATE SKIP LOCKED;
        EXIT WHEN NOT FOUND;
        WITH removed AS (
            DELETE FROM fastestmcp.entry e USING (
                SELECT b.key FROM (
                    SELECT l.key, sum(l.bytes) OVER (ORDER BY l.key) - l.bytes AS before FROM (
                        SELECT x.key, octet_length(x.value) AS bytes FROM fastestmcp.entry x
                        WHERE x.scope = candidate.scope ORDER BY x.key LIMIT most_rows - swept_rows
                    ) AS l
                ) AS b
                WHERE b.before < most_bytes - swept_bytes
            ) AS chosen
            WHERE e.scope = candidate.scope AND e.key = chosen.key
            RETURNING octet_length(e.value) AS bytes
        )
        SELECT count(*) AS number, coalesce(sum(bytes), 0) AS bytes INTO dead FROM removed;
        swept_rows := swept_rows + dead.number;
        swept_bytes := swept_bytes + dead.bytes;
        IF swept_rows < most_rows AND swept_bytes < most_bytes THEN
            DELETE FROM fastestmcp.grave g WHERE g.scope = candidate.scope;
        END IF;
    END LOOP;
    more := more OR swept_rows >= most_rows OR swept_bytes >= most_bytes;
END
$$;
