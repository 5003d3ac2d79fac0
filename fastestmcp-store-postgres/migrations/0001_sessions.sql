-- Names, keys and ids are bytea: compared byte by byte, NUL included. Moments are milliseconds since the Unix epoch.
-- `ns` is namespace.id everywhere; `at` is an injected clock, NULL for the server's own.

CREATE TABLE fastestmcp.meta (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    min_supported_format integer NOT NULL
);
INSERT INTO fastestmcp.meta (min_supported_format) VALUES (1);

-- Numbers versions, tokens and incarnations, and outlives them all. Never cached by a session: what is drawn later under
-- a lock must be larger.
CREATE SEQUENCE fastestmcp.counter AS bigint CACHE 1;

CREATE TABLE fastestmcp.namespace (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name bytea NOT NULL UNIQUE
);

CREATE FUNCTION fastestmcp.now(at bigint) RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT coalesce(at, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

-- Lifts the counter to the server's clock in microseconds, which it never overtakes by counting. Every connection does
-- so before anything else: a standby that was promoted without the newest writes never repeats one of their numbers.
CREATE FUNCTION fastestmcp.counter_raise() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    clock bigint;
BEGIN
    PERFORM pg_advisory_xact_lock('fastestmcp.counter'::regclass::oid::bigint);
    clock := floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    -- Far behind, so that nobody who draws meanwhile can be near the clock already.
    IF (SELECT last_value FROM fastestmcp.counter) < clock - 10000000 THEN
        PERFORM setval('fastestmcp.counter', clock);
    END IF;
END
$$;

CREATE FUNCTION fastestmcp.namespace_open(wanted bytea) RETURNS integer
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
