-- `floor`: events up to this offset may be gone. `events` and `bytes`: how many it holds, and those of their payloads.
-- `dies` is when a topic that nobody writes disappears; `look`, never later, when the sweep looks at it. Only the sweep moves
-- `look`, so that an append changes no index of this table.
CREATE TABLE fastestmcp.topic (
    id bigint PRIMARY KEY,
    ns integer NOT NULL,
    name bytea NOT NULL,
    floor bigint NOT NULL,
    head bigint NOT NULL,
    events bigint NOT NULL,
    bytes bigint NOT NULL,
    dies bigint NOT NULL,
    look bigint NOT NULL
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0
);
-- The look-up's index last: while a table is empty the planner takes the newest of those that would do.
CREATE INDEX topic_look ON fastestmcp.topic (ns, look);
CREATE UNIQUE INDEX topic_name ON fastestmcp.topic (ns, name);

CREATE TABLE fastestmcp.event (
    topic bigint NOT NULL,
    place bigint NOT NULL,
    appended bigint NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (topic, place)
) WITH (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_vacuum_cost_delay = 0
);

-- The advisory lock of a topic, present or not. Whoever appends to it or trims it holds it until its commit, so offsets
-- become visible in their order.
CREATE OR REPLACE FUNCTION fastestmcp.topic_lock(space integer, name bytea) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT hashtextextended('fastestmcp.topic ' || space || ' ' || encode(name, 'hex'), 0)
$$;

-- Removes the oldest events of a topic whose lock is held: at most `most_rows` of them, until they pass `most_bytes`, and
-- only those appended at or before `until`.
CREATE OR REPLACE FUNCTION fastestmcp.topic_trim(
    trimmed bigint, until bigint, most_rows bigint, most_bytes bigint, OUT swept_rows bigint, OUT swept_bytes bigint
)
LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    SELECT max(l.place), count(*), coalesce(sum(l.bytes), 0) INTO last, swept_rows, swept_bytes
    FROM (
        SELECT o.place, o.bytes, o.appended, bool_and(o.appended <= until) OVER oldest AS old,
            sum(o.bytes) OVER oldest - o.bytes AS before
        FROM (
            SELECT e.place, octet_length(e.payload) AS bytes, e.appended FROM fastestmcp.event e
            WHERE e.topic = trimmed ORDER BY e.place LIMIT most_rows
        ) AS o
        WINDOW oldest AS (ORDER BY o.place)
    ) AS l
    WHERE l.old AND l.before < most_bytes;
    IF swept_rows > 0 THEN
        DELETE FROM fastestmcp.event e WHERE e.topic = trimmed AND e.place <= last;
        UPDATE fastestmcp.topic t
        SET floor = greatest(t.floor, last), events = t.events - swept_rows, bytes = t.bytes - swept_bytes
        WHERE t.id = trimmed;
    END IF;
END
$$;

-- Removes the oldest events of a topic whose lock is held until they have at most `most_bytes`, or only the newest is left.
CREATE OR REPLACE FUNCTION fastestmcp.topic_fit(fitted bigint, most_bytes bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    spare bigint;
    over bigint;
    gone bigint;
BEGIN
    LOOP
        SELECT t.events - 1, t.bytes - most_bytes INTO spare, over FROM fastestmcp.topic t WHERE t.id = fitted;
        EXIT WHEN spare <= 0 OR over <= 0;
        SELECT t.swept_rows INTO gone
        FROM fastestmcp.topic_trim(fitted, 9223372036854775807, least(spare, 32), over) AS t;
        -- A damaged topic counts events that are not there.
        EXIT WHEN gone = 0;
    END LOOP;
END
$$;
