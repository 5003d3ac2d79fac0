-- Names, keys and ids are bytea: compared byte by byte, NUL included. Moments are milliseconds since the Unix epoch.
-- `ns` is namespace.id everywhere; `at` is an injected clock, NULL for the server's own.

CREATE TABLE fastestmcp.meta (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    min_supported_format integer NOT NULL
);
INSERT INTO fastestmcp.meta (min_supported_format) VALUES (1);

-- Refuses an answer, and with it all that was done for it, that is larger than anybody may be sent.
CREATE OR REPLACE FUNCTION fastestmcp.answer_bounded(bytes numeric, most_bytes bigint) RETURNS void
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF bytes > most_bytes THEN
        RAISE EXCEPTION 'an answer of % bytes exceeds max_batch_bytes = %', bytes, most_bytes
        USING ERRCODE = 'program_limit_exceeded';
    END IF;
END
$$;

-- Holds a row as long as nothing that was committed can have been lost: recovery after a crash empties an unlogged table,
-- and a standby that is promoted begins with an empty one.
CREATE UNLOGGED TABLE fastestmcp.intact (
    one boolean PRIMARY KEY DEFAULT true CHECK (one)
);

-- Numbers versions, tokens and incarnations, and outlives them all. Never cached by a session: what is drawn later under
-- a lock must be larger.
CREATE SEQUENCE fastestmcp.counter AS bigint CACHE 1;

-- `forgotten`: topics that vanished held offsets up to this.
CREATE TABLE fastestmcp.namespace (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name bytea NOT NULL UNIQUE,
    forgotten bigint NOT NULL DEFAULT 0
);

-- Makes the sequence that shows how far the injected clock of a namespace has come, and chooses it for this session.
CREATE OR REPLACE FUNCTION fastestmcp.clock_inject(space integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    clock text := 'fastestmcp.clock_' || space;
BEGIN
    IF to_regclass(clock) IS NULL THEN
        PERFORM pg_advisory_xact_lock('fastestmcp.counter'::regclass::oid::bigint);
        EXECUTE 'CREATE SEQUENCE IF NOT EXISTS ' || clock;
    END IF;
    PERFORM set_config('mcp.clock', clock, false);
END
$$;

-- The moment of an injected clock: the latest that any session was told. A caller reads such a clock before it sends a
-- statement, and what waited for a lock must not go back behind what was committed meanwhile.
CREATE OR REPLACE FUNCTION fastestmcp.clock_injected(at bigint) RETURNS bigint
LANGUAGE plpgsql STRICT AS $$
DECLARE
    clock regclass := current_setting('mcp.clock')::regclass;
    latest bigint;
BEGIN
    PERFORM pg_advisory_lock(clock::oid::bigint);
    EXECUTE 'SELECT last_value FROM ' || clock INTO latest;
    IF at > latest THEN
        PERFORM setval(clock, at);
        latest := at;
    END IF;
    PERFORM pg_advisory_unlock(clock::oid::bigint);
    RETURN latest;
END
$$;

-- The store's time. Volatile and read once per statement, after its locks are held.
CREATE OR REPLACE FUNCTION fastestmcp.now(at bigint) RETURNS bigint
LANGUAGE sql AS $$
    SELECT coalesce(fastestmcp.clock_injected(at), floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

-- Every connection calls this before anything else, so that a server that lost its newest writes in a crash, or took over
-- without those of its predecessor, never repeats a number that was given away.
--
-- After such a loss the counter leaps by an hour in microseconds: further than anybody can have counted since the last write
-- that is left, and further than the clocks of two servers are apart. Where no loss shows, as after tables were copied to
-- another server, it follows the clock in microseconds, which it never overtakes by counting. Numbers of namespaces leap,
-- too.
CREATE OR REPLACE FUNCTION fastestmcp.counter_raise() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    clock bigint;
    reached bigint;
BEGIN
    PERFORM pg_advisory_xact_lock('fastestmcp.counter'::regclass::oid::bigint);
    clock := floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    SELECT c.last_value INTO reached FROM fastestmcp.counter c;
    IF NOT EXISTS (SELECT 1 FROM fastestmcp.intact) THEN
        -- On disk before anybody draws from it, or the next crash would undo it.
        PERFORM set_config('synchronous_commit', 'on', true);
        PERFORM setval('fastestmcp.counter', greatest(reached, clock) + 3600000000);
        PERFORM setval('fastestmcp.namespace_id_seq', s.last_value + 1000) FROM fastestmcp.namespace_id_seq s WHERE s.is_called;
        INSERT INTO fastestmcp.intact DEFAULT VALUES;
    -- Far behind, so that nobody who draws meanwhile can be near the clock already.
    ELSIF reached < clock - 10000000 THEN
        PERFORM setval('fastestmcp.counter', clock);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION fastestmcp.namespace_open(wanted bytea) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    found integer;
BEGIN
    LOOP
        SELECT id INTO found FROM fastestmcp.namespace WHERE name = wanted;
        EXIT WHEN found IS NOT NULL;
        -- Its rows outlive a crash only if it does.
        PERFORM set_config('synchronous_commit', 'on', true);
        INSERT INTO fastestmcp.namespace (name) VALUES (wanted) ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN found;
END
$$;

-- Whether `space` still is the number of a namespace, as every connection asks: a server that took over without the newest
-- writes may have given it to another. If neither is known any more it is noted again.
CREATE OR REPLACE FUNCTION fastestmcp.namespace_keep(space integer, wanted bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM fastestmcp.namespace WHERE id = space AND name = wanted) THEN
        PERFORM set_config('synchronous_commit', 'on', true);
        PERFORM setval('fastestmcp.namespace_id_seq', space) FROM fastestmcp.namespace_id_seq s WHERE s.last_value < space;
        INSERT INTO fastestmcp.namespace (id, name) OVERRIDING SYSTEM VALUE VALUES (space, wanted) ON CONFLICT DO NOTHING;
    END IF;
    RETURN EXISTS (SELECT 1 FROM fastestmcp.namespace WHERE id = space AND name = wanted);
END
$$;

-- `id` is the incarnation: a scope that is deleted and made again has another one. `look` is when the sweep looks at the
-- row, never later than `expires`; only the sweep moves it, so that a touch changes no index.
CREATE TABLE fastestmcp.scope (
    id bigint PRIMARY KEY,
    ns integer NOT NULL,
    kind smallint NOT NULL,
    name bytea NOT NULL,
    created bigint NOT NULL,
    expires bigint,
    ends bigint,
    look bigint
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);
CREATE UNIQUE INDEX scope_name ON fastestmcp.scope (ns, kind, name);
CREATE INDEX scope_look ON fastestmcp.scope (ns, look) WHERE look IS NOT NULL;

CREATE TABLE fastestmcp.entry (
    scope bigint NOT NULL,
    key bytea NOT NULL,
    ns integer NOT NULL,
    version bigint NOT NULL,
    expires bigint,
    look bigint,
    value bytea NOT NULL,
    PRIMARY KEY (scope, key)
) WITH (
    fillfactor = 75,
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX entry_look ON fastestmcp.entry (ns, look) WHERE look IS NOT NULL;

-- Incarnations whose entries the sweep still has to remove.
CREATE TABLE fastestmcp.grave (
    scope bigint PRIMARY KEY,
    ns integer NOT NULL
);
CREATE INDEX grave_ns ON fastestmcp.grave (ns, scope);

-- The advisory lock of a scope, present or not. Whoever writes a scope, its entries or its row holds it until its commit.
CREATE OR REPLACE FUNCTION fastestmcp.scope_lock(space integer, kind smallint, name bytea) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT hashtextextended('fastestmcp.scope ' || space || ' ' || kind || ' ' || encode(name, 'hex'), 0)
$$;
