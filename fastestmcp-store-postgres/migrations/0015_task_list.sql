-- One page of heads after (`after_created`, `after_name`), newest first, of one owner or (NULL) of all. Outcomes: 0 on the
-- page, 1 the row that a next page goes on after, if there may be more, 2 looks expired. A last row, without an item,
-- carries the moment: `as_of` or now.
CREATE FUNCTION fastestmcp.task_list(
    at bigint, space integer, of_owner bytea, of_status smallint, after_created bigint, after_name bytea, most integer,
    most_examined integer, as_of bigint
) RETURNS SETOF fastestmcp.task_answer
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    moment CONSTANT bigint := coalesce(as_of, fastestmcp.now(at));
    tasks refcursor;
    answer fastestmcp.task_answer;
    last fastestmcp.task_answer;
    listed integer := 0;
    examined integer := 0;
BEGIN
    IF of_owner IS NULL THEN
        OPEN tasks NO SCROLL FOR
            SELECT 1, 0, moment, NULL, NULL, r.*, NULL, NULL
            FROM fastestmcp.task t JOIN fastestmcp.task_record r ON r.id = t.id
            WHERE t.ns = space AND (t.created, t.name) < (after_created, after_name)
            ORDER BY t.created DESC, t.name DESC;
    ELSE
        OPEN tasks NO SCROLL FOR
            SELECT 1, 0, moment, NULL, NULL, r.*, NULL, NULL
            FROM fastestmcp.task t JOIN fastestmcp.task_record r ON r.id = t.id
            -- The owner is bounded, not equal, and part of the order: so no other index will do, however small the table
            -- was when this was planned.
            WHERE t.ns = space AND t.owner >= of_owner
            AND (t.owner, t.created, t.name) < (of_owner, after_created, after_name)
            ORDER BY t.owner DESC, t.created DESC, t.name DESC;
    END IF;
    LOOP
        FETCH tasks INTO answer;
        EXIT WHEN NOT FOUND;
        IF listed = most OR examined = most_examined THEN
            last.outcome := 1;
            RETURN NEXT last;
            EXIT;
        END IF;
        examined := examined + 1;
        last := answer;
        IF answer.expires <= moment THEN
            answer.outcome := 2;
            RETURN NEXT answer;
        ELSIF of_status IS NULL OR answer.status = of_status THEN
            listed := listed + 1;
            RETURN NEXT answer;
        END IF;
    END LOOP;
    CLOSE tasks;
    answer.item := NULL;
    answer.moment := moment;
    RETURN NEXT answer;
END
$$;
