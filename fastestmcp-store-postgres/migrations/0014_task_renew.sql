-- Outcomes: 0 held, 1 lost. A last row, without an item, carries the moment also if there are no items.
CREATE FUNCTION fastestmcp.task_renew(at bigint, space integer, names bytea[], tokens bigint[], lease bigint)
RETURNS SETOF fastestmcp.task_answer
LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
    moment bigint;
    answer fastestmcp.task_answer;
BEGIN
    ids := ARRAY(
        SELECT (SELECT t.id FROM fastestmcp.task t WHERE t.ns = space AND t.name = i.name)
        FROM unnest(names) WITH ORDINALITY AS i(name, item) ORDER BY i.item
    );
    PERFORM 1 FROM fastestmcp.task_head h WHERE h.id = ANY (ids) ORDER BY h.id FOR NO KEY UPDATE;
    moment := fastestmcp.now(at);
    UPDATE fastestmcp.task_head h SET due = moment + lease
    FROM unnest(ids, tokens) AS i(id, token)
    WHERE h.id = i.id AND h.token = i.token AND (h.expires IS NULL OR h.expires > moment) AND fastestmcp.task_sound(h);
    FOR answer.item, answer.outcome, answer.version IN
        SELECT i.item, CASE WHEN h.id IS NULL THEN 1 ELSE 0 END, h.version
        FROM unnest(ids, tokens) WITH ORDINALITY AS i(id, token, item)
        LEFT JOIN fastestmcp.task_head h
            ON h.id = i.id AND h.token = i.token AND (h.expires IS NULL OR h.expires > moment) AND fastestmcp.task_sound(h)
    LOOP
        answer.moment := moment;
        RETURN NEXT answer;
    END LOOP;
    answer := NULL;
    answer.moment := moment;
    RETURN NEXT answer;
END
$$;
