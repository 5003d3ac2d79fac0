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
CREATE INDEX task_listing ON fastestmcp.task (ns, created, name);
CREATE INDEX task_listing_owner ON fastestmcp.task (ns, owner, created, name);
CREATE INDEX task_expiry ON fastestmcp.task (ns, expires) WHERE expires IS NOT NULL;
-- The last ones, because among indexes of an empty table, which all cost the same, the planner takes the newest: a
-- look-up that was planned then must not go on to read a whole listing.
CREATE UNIQUE INDEX task_idempotency ON fastestmcp.task (ns, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX task_name ON fastestmcp.task (ns, name);

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

-- Whether a head can be what somebody wrote.
CREATE FUNCTION fastestmcp.task_sound(head fastestmcp.task_head) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT head.status BETWEEN 0 AND 255 AND head.priority BETWEEN 0 AND 9 AND head.claims >= 0 AND head.version > 0
$$;

-- Whether spec and state of a task can be read from the disk.
CREATE FUNCTION fastestmcp.task_reads(task bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM fastestmcp.task_spec spec JOIN fastestmcp.task_state state ON state.id = spec.id
        WHERE spec.id = task AND md5(spec.spec) <> '' AND md5(state.state) <> ''
    );
EXCEPTION WHEN data_corrupted OR index_corrupted OR internal_error OR undefined_file OR io_error THEN
    RETURN false;
END
$$;

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
