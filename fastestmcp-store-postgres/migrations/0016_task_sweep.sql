-- Removes expired tasks, at most so many, and none after those that pass `most_bytes`.
CREATE FUNCTION fastestmcp.task_sweep(
    at bigint, space integer, most integer, most_bytes bigint, OUT removed bigint, OUT bytes bigint, OUT more boolean
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    moment CONSTANT bigint := fastestmcp.now(at);
    expired bigint[] := '{}';
    due_task record;
BEGIN
    bytes := 0;
    more := false;
    FOR due_task IN
        SELECT h.id, h.spec_bytes::bigint + h.state_bytes AS bytes
        FROM fastestmcp.task t JOIN fastestmcp.task_head h ON h.id = t.id
        WHERE t.ns = space AND t.expires <= moment AND h.expires <= moment
        ORDER BY t.expires LIMIT most
        FOR UPDATE OF h SKIP LOCKED
    LOOP
        more := task_sweep.bytes > most_bytes;
        EXIT WHEN more;
        task_sweep.bytes := task_sweep.bytes + due_task.bytes;
        expired := expired || due_task.id;
    END LOOP;
    more := more OR cardinality(expired) >= most;
    removed := fastestmcp.task_remove(expired, moment);
END
$$;
