-- Tasks. One of them is four rows under one id: what never changes, what every write changes, the spec and the state. So
-- neither a large request nor the indexes of the listings are touched by a claim, a renewal or a progress write.

-- `id` is also the version that the task was inserted with. `expires` repeats task_head.expires for the sweep.
CREATE TABLE fastestmcp.task (
    id bigint PRIMARY KEY,
    ns integer NOT NULL,
    name bytea NOT NULL,
    owner bytea NOT NULL,
    session bytea,
    created bigint NOT NULL,
    expires bigint,
    idempotency_key bytea,
    idempotency_digest bytea
);
CREATE UNIQUE INDEX task_name ON fastestmcp.task (ns, name);
CREATE UNIQUE INDEX task_idempotency ON fastestmcp.task (ns, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX task_listing ON fastestmcp.task (ns, created, name);
CREATE INDEX task_listing_owner ON fastestmcp.task (ns, owner, created, name);
CREATE INDEX task_expiry ON fastestmcp.task (ns, expires) WHERE expires IS NOT NULL;

-- The row that every writer locks. Room is left on its pages, so that a progress write stays on its page and off the
-- indexes; what claims and renewals leave behind is removed early, because claims would have to step over it.
CREATE TABLE fastestmcp.task_head (
    id bigint PRIMARY KEY,
    ns integer NOT NULL,
    priority smallint NOT NULL,
    status smallint NOT NULL,
    open boolean NOT NULL,
    claims integer NOT NULL,
    spec_bytes integer NOT NULL,
    state_bytes integer NOT NULL,
    version bigint NOT NULL,
    updated bigint NOT NULL,
    expires bigint,
    due bigint,
    token bigint,
    queue bytea NOT NULL,
    name bytea NOT NULL,
    owner bytea NOT NULL,
    worker bytea
) WITH (
    fillfactor = 60,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX task_due ON fastestmcp.task_head (ns, queue, priority, due, name) WHERE due IS NOT NULL;
CREATE INDEX task_open ON fastestmcp.task_head (ns, owner) WHERE open;

CREATE TABLE fastestmcp.task_spec (
    id bigint PRIMARY KEY,
    spec bytea NOT NULL
);

CREATE TABLE fastestmcp.task_state (
    id bigint PRIMARY KEY,
    state bytea NOT NULL
) WITH (
    fillfactor = 60,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE VIEW fastestmcp.task_record AS
SELECT
    t.id, t.name, t.owner, t.session, h.queue, h.priority, h.status, t.created, h.updated, h.expires, h.open, h.due,
    h.worker, h.token, h.version, h.claims
FROM fastestmcp.task t JOIN fastestmcp.task_head h ON h.id = t.id;

-- What the functions below answer for each item of a call, counted from 1. `dues` comes with a claim.
CREATE TYPE fastestmcp.task_answer AS (
    item integer,
    outcome smallint,
    moment bigint,
    open_tasks bigint,
    dues bigint[],
    id bigint,
    name bytea,
    owner bytea,
    session bytea,
    queue bytea,
    priority smallint,
    status smallint,
    created bigint,
    updated bigint,
    expires bigint,
    open boolean,
    due bigint,
    worker bytea,
    token bigint,
    version bigint,
    claims integer,
    spec bytea,
    state bytea
);

-- Removes those of `candidates` that are expired.
CREATE FUNCTION fastestmcp.task_remove(candidates bigint[], moment bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    ids := ARRAY(
        SELECT h.id FROM fastestmcp.task_head h WHERE h.id = ANY (candidates) AND h.expires <= moment
        ORDER BY h.id FOR UPDATE
    );
    DELETE FROM fastestmcp.task_spec WHERE id = ANY (ids);
    DELETE FROM fastestmcp.task_state WHERE id = ANY (ids);
    DELETE FROM fastestmcp.task_head WHERE id = ANY (ids);
    DELETE FROM fastestmcp.task WHERE id = ANY (ids);
    RETURN cardinality(ids);
END
$$;

-- Outcomes: 0 inserted (`version` is all of the record that the caller does not know), 1 exists, 2 key reused, 3 quota
-- exceeded. Items are decided in rounds: what does not fit into one looks again, with a new clock, at what took its place.
CREATE FUNCTION fastestmcp.task_insert(
    at bigint, space integer, names bytea[], owners bytea[], sessions bytea[], queues bytea[], priorities smallint[],
    statuses smallint[], delays bigint[], ttls bigint[], specs bytea[], states bytea[], keys bytea[], digests bytea[],
    quotas bigint[], locks bigint[]
) RETURNS SETOF fastestmcp.task_answer
LANGUAGE plpgsql AS $$
DECLARE
    waiting boolean[] := array_fill(true, ARRAY[cardinality(names)]);
    chosen bigint[];
    placed bigint[];
    answer fastestmcp.task_answer;
    moment bigint;
    item integer;
    wanted record;
    owner bytea;
    admitted bigint;
BEGIN
    -- One of each owner with a quota: nobody else counts and inserts for it until this is committed.
    PERFORM pg_advisory_xact_lock(i.key) FROM (SELECT key FROM unnest(locks) AS l(key) ORDER BY key) AS i;
    WHILE true = ANY (waiting) LOOP
        moment := fastestmcp.now(at);
        FOR answer IN
            SELECT
                found.item, CASE WHEN found.by_id IS NULL AND t.idempotency_digest <> found.digest THEN 2 ELSE 1 END,
                moment, NULL, NULL, r.*, spec.spec, state.state
            FROM (
                SELECT i.item, i.digest, same_id.id AS by_id, coalesce(
                    same_id.id,
                    (SELECT k.id FROM fastestmcp.task k
                     WHERE k.ns = space AND k.idempotency_key = i.key AND (k.expires IS NULL OR k.expires > moment))
                ) AS id
                FROM unnest(names, keys, digests, waiting) WITH ORDINALITY AS i(name, key, digest, waits, item)
                LEFT JOIN fastestmcp.task same_id
                    ON same_id.ns = space AND same_id.name = i.name
                    AND (same_id.expires IS NULL OR same_id.expires > moment)
                WHERE i.waits
            ) AS found
            JOIN fastestmcp.task t ON t.id = found.id
            JOIN fastestmcp.task_record r ON r.id = found.id
            JOIN fastestmcp.task_spec spec ON spec.id = found.id
            JOIN fastestmcp.task_state state ON state.id = found.id
        LOOP
            waiting[answer.item] := false;
            RETURN NEXT answer;
        END LOOP;

        chosen := array_fill(NULL::bigint, ARRAY[cardinality(names)]);
        owner := NULL;
        FOR wanted IN
            SELECT i.item, i.owner, i.quota, (
                SELECT count(*) FROM fastestmcp.task_head h
                WHERE i.quota IS NOT NULL AND h.ns = space AND h.owner = i.owner AND h.open
                AND (h.expires IS NULL OR h.expires > moment)
            ) AS open
            FROM unnest(owners, quotas, waiting) WITH ORDINALITY AS i(owner, quota, waits, item)
            WHERE i.waits
            ORDER BY i.quota IS NULL, i.owner, i.item
        LOOP
            IF wanted.quota IS NOT NULL THEN
                IF owner IS DISTINCT FROM wanted.owner THEN
                    owner := wanted.owner;
                    admitted := 0;
                END IF;
                IF wanted.open >= wanted.quota THEN
                    answer := NULL;
                    answer.item := wanted.item;
                    answer.outcome := 3;
                    answer.moment := moment;
                    answer.open_tasks := wanted.open;
                    waiting[wanted.item] := false;
                    RETURN NEXT answer;
                    CONTINUE;
                END IF;
                -- What those before it in this round leave it is known when they are in.
                CONTINUE WHEN wanted.open + admitted >= wanted.quota;
                admitted := admitted + 1;
            END IF;
            chosen[wanted.item] := nextval('fastestmcp.counter');
        END LOOP;

        WITH inserted AS (
            INSERT INTO fastestmcp.task
                (id, ns, name, owner, session, created, expires, idempotency_key, idempotency_digest)
            SELECT i.id, space, i.name, i.owner, i.session, moment, moment + i.ttl, i.key, i.digest
            FROM unnest(chosen, names, owners, sessions, ttls, keys, digests)
                AS i(id, name, owner, session, ttl, key, digest)
            WHERE i.id IS NOT NULL
            ON CONFLICT DO NOTHING
            RETURNING id
        )
        SELECT array_agg(id) INTO placed FROM inserted;
        IF cardinality(array_remove(chosen, NULL)) > coalesce(cardinality(placed), 0) THEN
            PERFORM fastestmcp.task_remove(ARRAY(
                SELECT t.id FROM unnest(chosen, names, keys) AS i(id, name, key)
                JOIN fastestmcp.task t ON t.ns = space AND (t.name = i.name OR t.idempotency_key = i.key)
                WHERE i.id IS NOT NULL AND t.expires <= moment
            ), moment);
            chosen := ARRAY(
                SELECT CASE WHEN i.id = ANY (placed) THEN i.id END
                FROM unnest(chosen) WITH ORDINALITY AS i(id, item) ORDER BY i.item
            );
        END IF;
        INSERT INTO fastestmcp.task_head (
            id, ns, priority, status, open, claims, spec_bytes, state_bytes, version, updated, expires, due, queue,
            name, owner
        )
        SELECT
            i.id, space, i.priority, i.status, true, 0, octet_length(i.spec), octet_length(i.state), i.id, moment,
            moment + i.ttl, moment + i.delay, i.queue, i.name, i.owner
        FROM unnest(chosen, names, owners, queues, priorities, statuses, delays, ttls, specs, states)
            AS i(id, name, owner, queue, priority, status, delay, ttl, spec, state)
        WHERE i.id IS NOT NULL;
        INSERT INTO fastestmcp.task_spec (id, spec)
        SELECT i.id, i.spec FROM unnest(chosen, specs) AS i(id, spec) WHERE i.id IS NOT NULL;
        INSERT INTO fastestmcp.task_state (id, state)
        SELECT i.id, i.state FROM unnest(chosen, states) AS i(id, state) WHERE i.id IS NOT NULL;

        FOR item IN SELECT i.item FROM unnest(chosen) WITH ORDINALITY AS i(id, item) WHERE i.id IS NOT NULL LOOP
            answer := NULL;
            answer.item := item;
            answer.outcome := 0;
            answer.moment := moment;
            answer.version := chosen[item];
            waiting[item] := false;
            RETURN NEXT answer;
        END LOOP;
    END LOOP;
END
$$;

-- Outcomes: 0 replaced, 1 conflict, 2 lease lost, 3 missing. Phases: 0 keeps the lease, 1 runnable, 2 waiting,
-- 3 terminal; `spans` are their delay, at_most and retain.
CREATE FUNCTION fastestmcp.task_replace(
    at bigint, space integer, names bytea[], versions bigint[], tokens bigint[], statuses smallint[], states bytea[],
    phases smallint[], spans bigint[]
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
        AND (i.token IS NULL OR h.token = i.token) AND h.version = i.version
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
    RETURN QUERY
    SELECT
        i.item::integer,
        (CASE
            WHEN i.replaced IS NOT NULL THEN 0
            WHEN r.id IS NULL THEN 3
            WHEN i.token IS NOT NULL AND r.token IS DISTINCT FROM i.token THEN 2
            ELSE 1
        END)::smallint,
        moment, NULL::bigint, NULL::bigint[], r.*, NULL::bytea, s.state
    FROM unnest(ids, tokens, replaced) WITH ORDINALITY AS i(id, token, replaced, item)
    LEFT JOIN fastestmcp.task_record r ON r.id = i.id AND (r.expires IS NULL OR r.expires > moment)
    LEFT JOIN fastestmcp.task_state s ON s.id = i.id AND i.replaced IS NULL;
END
$$;

-- Leases up to `most` tasks. A lane is a queue at a level; lanes come with the highest level first, and each with a mark
-- below which nothing is due any more, so that a claim need not step over what earlier ones left in the index.
--
-- The rows are the tasks; a last one, without an item, says for each lane when the first that is left is due.
CREATE FUNCTION fastestmcp.task_claim(
    at bigint, space integer, queues bytea[], levels smallint[], marks bigint[], worker bytea, most integer,
    most_bytes bigint, lease bigint
) RETURNS SETOF fastestmcp.task_answer
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    -- Before the locks: a claim never waits for one, and what it locks is looked at again.
    moment CONSTANT bigint := fastestmcp.now(at);
    firsts bigint[];
    chosen bigint[] := '{}';
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
            bytes := bytes + due_task.bytes;
            chosen := chosen || due_task.id;
        END LOOP;
    END LOOP;
    IF cardinality(chosen) > 0 THEN
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
        JOIN fastestmcp.task_record r ON r.id = i.id
        JOIN fastestmcp.task_spec spec ON spec.id = i.id
        JOIN fastestmcp.task_state state ON state.id = i.id;
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
    WHERE h.id = i.id AND h.token = i.token AND (h.expires IS NULL OR h.expires > moment);
    FOR answer.item, answer.outcome, answer.version IN
        SELECT i.item, CASE WHEN h.id IS NULL THEN 1 ELSE 0 END, h.version
        FROM unnest(ids, tokens) WITH ORDINALITY AS i(id, token, item)
        LEFT JOIN fastestmcp.task_head h
            ON h.id = i.id AND h.token = i.token AND (h.expires IS NULL OR h.expires > moment)
    LOOP
        answer.moment := moment;
        RETURN NEXT answer;
    END LOOP;
    answer := NULL;
    answer.moment := moment;
    RETURN NEXT answer;
END
$$;

-- One page of heads after (`after_created`, `after_name`), newest first, of one owner or (NULL) of all. Outcomes: 0 on the
-- page, 1 the row that a next page goes on after, if there may be more. A last row, without an item, carries the moment.
CREATE FUNCTION fastestmcp.task_list(
    at bigint, space integer, of_owner bytea, of_status smallint, after_created bigint, after_name bytea, most integer,
    most_examined integer
) RETURNS SETOF fastestmcp.task_answer
LANGUAGE plpgsql AS $$
DECLARE
    tasks refcursor;
    answer fastestmcp.task_answer;
    last fastestmcp.task_answer;
    listed integer := 0;
    examined integer := 0;
BEGIN
    IF of_owner IS NULL THEN
        OPEN tasks NO SCROLL FOR
            SELECT 1, 0, (SELECT fastestmcp.now(at)), NULL, NULL, r.*, NULL, NULL
            FROM fastestmcp.task t JOIN fastestmcp.task_record r ON r.id = t.id
            WHERE t.ns = space AND (t.created, t.name) < (after_created, after_name)
            ORDER BY t.created DESC, t.name DESC;
    ELSE
        OPEN tasks NO SCROLL FOR
            SELECT 1, 0, (SELECT fastestmcp.now(at)), NULL, NULL, r.*, NULL, NULL
            FROM fastestmcp.task t JOIN fastestmcp.task_record r ON r.id = t.id
            WHERE t.ns = space AND t.owner = of_owner AND (t.created, t.name) < (after_created, after_name)
            ORDER BY t.created DESC, t.name DESC;
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
        IF (answer.expires IS NULL OR answer.expires > answer.moment)
            AND (of_status IS NULL OR answer.status = of_status)
        THEN
            listed := listed + 1;
            RETURN NEXT answer;
        END IF;
    END LOOP;
    CLOSE tasks;
    answer.item := NULL;
    answer.moment := coalesce(last.moment, fastestmcp.now(at));
    RETURN NEXT answer;
END
$$;

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
