-- Outcomes: 0 replaced, 1 conflict, 2 lease lost, 3 missing, 4 damaged. Phases: 0 keeps the lease, 1 runnable, 2 waiting,
-- 3 terminal; `spans` are their delay, at_most and retain.
CREATE FUNCTION fastestmcp.task_replace(
    at bigint, space integer, names bytea[], versions bigint[], tokens bigint[], statuses smallint[], states bytea[],
    phases smallint[], spans bigint[], most_bytes bigint
) RETURNS SETOF fastestmcp.task_answer
LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
    replaced bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(names)]);
    moment bigint;
    item integer;
    task bigint;
BEGIN
    ids := ARRAY(
        SELECT (SELECT t.id FROM fastestmcp.task t WHERE t.ns = space AND t.name = i.name)
        FROM unnest(names) WITH ORDINALITY AS i(name, item) ORDER BY i.item
    );
    PERFORM 1 FROM fastestmcp.task_head h WHERE h.id = ANY (ids) ORDER BY h.id FOR NO KEY UPDATE;
    moment := fastestmcp.now(at);
    FOR item, task IN
        UPDATE fastestmcp.task_head h SET
            version = nextval('fastestmcp.counter'),
            status = i.status,
            updated = moment,
            state_bytes = octet_length(i.state),
            open = CASE i.phase WHEN 0 THEN h.open WHEN 3 THEN false ELSE true END,
            due = CASE i.phase WHEN 0 THEN h.due WHEN 3 THEN NULL ELSE moment + i.span END,
            worker = CASE i.phase WHEN 0 THEN h.worker END,
            token = CASE i.phase WHEN 0 THEN h.token END,
            expires = CASE WHEN i.phase = 3 AND h.expires < moment + i.span THEN moment + i.span ELSE h.expires END
        FROM unnest(ids, versions, tokens, statuses, states, phases, spans) WITH ORDINALITY
            AS i(id, version, token, status, state, phase, span, item)
        WHERE h.id = i.id AND (h.expires IS NULL OR h.expires > moment)
        AND (i.token IS NULL OR h.token = i.token) AND h.version = i.version AND fastestmcp.task_sound(h)
        RETURNING i.item, h.id
    LOOP
        replaced[item] := task;
    END LOOP;
    UPDATE fastestmcp.task_state s SET state = i.state
    FROM unnest(replaced, states) AS i(id, state) WHERE s.id = i.id;
    IF 3 = ANY (phases) THEN
        UPDATE fastestmcp.task t SET expires = h.expires
        FROM unnest(replaced, phases) AS i(id, phase) JOIN fastestmcp.task_head h ON h.id = i.id
        WHERE i.phase = 3 AND t.id = i.id AND t.expires < h.expires;
    END IF;
    PERFORM fastestmcp.answer_bounded(sum(h.state_bytes), most_bytes)
    FROM unnest(ids, replaced) AS i(id, replaced) JOIN fastestmcp.task_head h ON h.id = i.id WHERE i.replaced IS NULL;
    RETURN QUERY
    SELECT
        i.item::integer,
        (CASE
            WHEN i.replaced IS NOT NULL THEN 0
            WHEN r.id IS NULL THEN 3
            WHEN s.id IS NULL OR NOT fastestmcp.task_sound(h) THEN 4
            WHEN i.token IS NOT NULL AND r.token IS DISTINCT FROM i.token THEN 2
            ELSE 1
        END)::smallint,
        moment, NULL::bigint, NULL::bigint[], r.*, NULL::bytea, s.state
    FROM unnest(ids, tokens, replaced) WITH ORDINALITY AS i(id, token, replaced, item)
    LEFT JOIN fastestmcp.task_record r ON r.id = i.id AND (r.expires IS NULL OR r.expires > moment)
    LEFT JOIN fastestmcp.task_head h ON h.id = r.id
    LEFT JOIN fastestmcp.task_state s ON s.id = i.id AND i.replaced IS NULL;
END
$$;
