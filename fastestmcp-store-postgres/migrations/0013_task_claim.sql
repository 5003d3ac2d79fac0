-- Leases up to `most` tasks. A lane is a queue at a level; lanes come with the highest level first, and each with a mark
-- below which nothing is due any more, so that a claim need not step over what earlier ones left in the index.
--
-- The rows are the tasks; a last one, without an item, says for each lane when the first that is left is due.
--
-- A claim that failed because something could not be read from the disk comes again and is `careful`: it looks at each task
-- before it takes it. Those that cannot be read are not due any more; outcome 1 names them.
CREATE FUNCTION fastestmcp.task_claim(
    at bigint, space integer, queues bytea[], levels smallint[], marks bigint[], worker bytea, most integer,
    most_bytes bigint, lease bigint, careful boolean
) RETURNS SETOF fastestmcp.task_answer
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    -- Before the locks: a claim never waits for one, and what it locks is looked at again.
    moment CONSTANT bigint := fastestmcp.now(at);
    firsts bigint[];
    chosen bigint[] := '{}';
    damaged bigint[] := '{}';
    tokens bigint[];
    bytes bigint := 0;
    current smallint;
    due_task record;
    answer fastestmcp.task_answer;
BEGIN
    firsts := ARRAY(
        SELECT (
            SELECT h.due FROM fastestmcp.task_head h
            WHERE h.ns = space AND h.queue = i.queue AND h.priority = i.level
            AND h.due >= least(i.mark, moment - 1000) AND (h.expires IS NULL OR h.expires > moment)
            ORDER BY h.due, h.name LIMIT 1
        )
        FROM unnest(queues, levels, marks) WITH ORDINALITY AS i(queue, level, mark, lane) ORDER BY i.lane
    );
    FOR current IN
        SELECT DISTINCT i.level FROM unnest(levels, firsts) AS i(level, first) WHERE i.first <= moment
        ORDER BY i.level DESC
    LOOP
        EXIT WHEN cardinality(chosen) >= most OR bytes > most_bytes;
        FOR due_task IN
            SELECT d.id, d.bytes
            FROM unnest(queues, levels, firsts) AS i(queue, level, first)
            CROSS JOIN LATERAL (
                SELECT h.id, h.due, h.name, h.spec_bytes::bigint + h.state_bytes AS bytes FROM fastestmcp.task_head h
                WHERE h.ns = space AND h.queue = i.queue AND h.priority = i.level
                AND h.due >= i.first AND h.due <= moment AND (h.expires IS NULL OR h.expires > moment)
                ORDER BY h.due, h.name LIMIT most - cardinality(chosen)
                FOR NO KEY UPDATE SKIP LOCKED
            ) AS d
            WHERE i.level = current AND i.first <= moment
            ORDER BY d.due, d.name LIMIT most - cardinality(chosen)
        LOOP
            EXIT WHEN bytes > most_bytes;
            IF careful AND NOT fastestmcp.task_reads(due_task.id) THEN
                damaged := damaged || due_task.id;
                CONTINUE;
            END IF;
            bytes := bytes + due_task.bytes;
            chosen := chosen || due_task.id;
        END LOOP;
    END LOOP;
    IF cardinality(damaged) > 0 THEN
        FOR answer.id, answer.name IN
            UPDATE fastestmcp.task_head h SET due = NULL, worker = NULL, token = NULL
            WHERE h.id = ANY (damaged) RETURNING h.id, h.name
        LOOP
            answer.outcome := 1;
            RETURN NEXT answer;
        END LOOP;
        answer := NULL;
    END IF;
    IF cardinality(chosen) > 0 OR cardinality(damaged) > 0 THEN
        tokens := ARRAY(SELECT nextval('fastestmcp.counter') FROM generate_series(1, cardinality(chosen)));
        UPDATE fastestmcp.task_head h SET
            version = nextval('fastestmcp.counter'),
            token = i.token,
            claims = h.claims + 1,
            worker = task_claim.worker,
            due = moment + lease
        FROM unnest(chosen, tokens) AS i(id, token) WHERE h.id = i.id;
        RETURN QUERY
        SELECT i.item::integer, 0::smallint, moment, NULL::bigint, NULL::bigint[], r.*, spec.spec, state.state
        FROM unnest(chosen) WITH ORDINALITY AS i(id, item)
        JOIN fastestmcp.task_head h ON h.id = i.id
        LEFT JOIN fastestmcp.task_record r ON r.id = i.id
        LEFT JOIN fastestmcp.task_spec spec ON spec.id = i.id
        LEFT JOIN fastestmcp.task_state state ON state.id = i.id;
        firsts := ARRAY(
            SELECT CASE WHEN i.first <= moment THEN (
                SELECT h.due FROM fastestmcp.task_head h
                WHERE h.ns = space AND h.queue = i.queue AND h.priority = i.level
                AND h.due >= i.first AND (h.expires IS NULL OR h.expires > moment)
                ORDER BY h.due, h.name LIMIT 1
            ) ELSE i.first END
            FROM unnest(queues, levels, firsts) WITH ORDINALITY AS i(queue, level, first, lane) ORDER BY i.lane
        );
    END IF;
    answer.moment := moment;
    answer.dues := firsts;
    RETURN NEXT answer;
END
$$;
