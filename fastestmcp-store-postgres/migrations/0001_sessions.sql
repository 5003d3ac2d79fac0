-- Names, keys and ids are bytea: compared byte by byte, NUL included. Moments are milliseconds since the Unix epoch.
-- `ns` is namespace.id everywhere; `at` is an injected clock, NULL for the server's own.

-- `timeline`: the one on which `counter` was last raised. A server that is promoted begins another.
CREATE TABLE fastestmcp.meta (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    min_supported_format integer NOT NULL,
    timeline text
);
INSERT INTO fastestmcp.meta (min_supported_format) VALUES (1);

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

-- Every connection calls this before anything else, so that a server that took over without the newest writes never
-- repeats a number that its predecessor gave away.
--
-- After a promotion the counter leaps by an hour in microseconds: further than the predecessor can have counted since the
-- last write that arrived here, and further than the two servers' clocks are apart. Where no promotion shows, as after
-- tables were copied to another server, it follows the clock in microseconds, which it never overtakes by counting.
CREATE OR REPLACE FUNCTION fastestmcp.counter_raise() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    clock bigint;
    reached bigint;
    line text;
BEGIN
    PERFORM pg_advisory_xact_lock('fastestmcp.counter'::regclass::oid::bigint);
    clock := floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    SELECT c.last_value INTO reached FROM fastestmcp.counter c;
    BEGIN
        line := left(pg_walfile_name(pg_current_wal_lsn()), 8);
    EXCEPTION WHEN feature_not_supported OR insufficient_privilege OR undefined_function THEN
        -- A managed service that hides its log: no promotion shows.
        line := NULL;
    END;
    IF line <> (SELECT m.timeline FROM fastestmcp.meta m) THEN
        PERFORM setval('fastestmcp.counter', greatest(reached, clock) + 3600000000);
    -- Far behind, so that nobody who draws meanwhile can be near the clock already.
    ELSIF reached < clock - 10000000 THEN
        PERFORM setval('fastestmcp.counter', clock);
    END IF;
    UPDATE fastestmcp.meta m SET timeline = line WHERE line IS NOT NULL AND m.timeline IS DISTINCT FROM line;
END
$$;

CREATE OR REPLACE FUNCTION fastestmcp.namespace_open(wanted bytea) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    found integer;
BEGIN
    SELECT id INTO found FROM fastestmcp.namespace WHERE name = wanted;
    IF found IS NULL THEN
        INSERT INTO fastestmcp.namespace (name) VALUES (wanted) ON CONFLICT (name) DO NOTHING;
        SELECT id INTO found FROM fastestmcp.namespace WHERE name = wanted;
    END IF;
    RETURN found;
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
