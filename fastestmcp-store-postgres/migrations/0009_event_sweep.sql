-- One step of the sweep over topics that nobody has written for their age: their events go, and with the last of them the
-- topic. A topic that is being written is left for later.
CREATE OR REPLACE FUNCTION fastestmcp.event_sweep(
    at bigint, space integer, most_rows bigint, most_bytes bigint,
    OUT swept_rows bigint, OUT swept_bytes bigint, OUT more boolean
)
LANGUAGE plpgsql AS $$
DECLARE
    moment bigint := fastestmcp.now(at);
    candidate record;
    trimmed record;
    vanished bigint;
    seen bigint := 0;
BEGIN
    swept_rows := 0;
    swept_bytes := 0;
    more := false;
    FOR candidate IN
        SELECT t.id, t.name FROM fastestmcp.topic t
        WHERE t.ns = space AND t.look <= moment ORDER BY t.look LIMIT most_rows
    LOOP
        IF swept_rows >= most_rows OR swept_bytes >= most_bytes THEN
            more := true;
            EXIT;
        END IF;
        seen := seen + 1;
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(fastestmcp.topic_lock(space, candidate.name));
        IF EXISTS (SELECT 1 FROM fastestmcp.topic t WHERE t.id = candidate.id AND t.dies > moment) THEN
            UPDATE fastestmcp.topic t SET look = t.dies WHERE t.id = candidate.id;
            CONTINUE;
        END IF;
        SELECT * INTO trimmed FROM fastestmcp.topic_trim(
            candidate.id, 9223372036854775807, most_rows - swept_rows, most_bytes - swept_bytes
        );
        swept_rows := swept_rows + trimmed.swept_rows;
        swept_bytes := swept_bytes + trimmed.swept_bytes;
        DELETE FROM fastestmcp.topic t WHERE t.id = candidate.id AND t.events <= 0 RETURNING t.head INTO vanished;
        IF FOUND THEN
            UPDATE fastestmcp.namespace n SET forgotten = vanished WHERE n.id = space AND n.forgotten < vanished;
        END IF;
    END LOOP;
    more := more OR seen >= most_rows OR swept_rows >= most_rows OR swept_bytes >= most_bytes;
END
$$;
