-- Removes the row of a scope and leaves its entries, unreachable from now on, to the sweep.
CREATE OR REPLACE FUNCTION fastestmcp.session_delete(
    at bigint, space integer, wanted_kind smallint, wanted_name bytea, OUT moment bigint, OUT existed boolean
)
LANGUAGE plpgsql AS $$
DECLARE
    dead bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(fastestmcp.scope_lock(space, wanted_kind, wanted_name));
    moment := fastestmcp.now(at);
    SELECT s.id INTO dead FROM fastestmcp.scope s
    WHERE s.ns = space AND s.kind = wanted_kind AND s.name = wanted_name AND (s.expires IS NULL OR s.expires > moment);
    -- A System scope existed if it held a live key.
    existed := dead IS NOT NULL AND (wanted_kind <> 3 OR EXISTS (
        SELECT 1 FROM fastestmcp.entry e WHERE e.scope = dead AND (e.expires IS NULL OR e.expires > moment)
    ));
    IF dead IS NOT NULL THEN
        DELETE FROM fastestmcp.scope s WHERE s.id = dead;
        INSERT INTO fastestmcp.grave (scope, ns) VALUES (dead, space);
    END IF;
END
$$;
