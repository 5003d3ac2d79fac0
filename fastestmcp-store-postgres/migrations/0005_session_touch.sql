-- A load under the scope's lock that slides the deadline of the scope to the earlier of now + ttl and its end, if that
-- gains more than `slack`. Nothing is done if the values are more than `most_bytes` together.
CREATE OR REPLACE FUNCTION fastestmcp.session_touch(
    at bigint, space integer, wanted_kind smallint, wanted_name bytea, keys bytea[], ttl bigint, slack bigint,
    most_bytes bigint
) RETURNS TABLE (
    i bigint, moment bigint, created bigint, expires bigint, ends bigint, version bigint, entry_expires bigint,
    value bytea
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    clock bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(fastestmcp.scope_lock(space, wanted_kind, wanted_name));
    clock := fastestmcp.now(at);
    PERFORM fastestmcp.answer_bounded(sum(octet_length(e.value)), most_bytes)
    FROM fastestmcp.scope s JOIN fastestmcp.entry e ON e.scope = s.id AND e.key = ANY (keys)
    WHERE s.ns = space AND s.kind = wanted_kind AND s.name = wanted_name AND (s.expires IS NULL OR s.expires > clock)
        AND (e.expires IS NULL OR e.expires > clock);
    -- Seen by every node before the answer, but a crash may undo it (S1).
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE fastestmcp.scope s SET expires = least(clock + ttl, s.ends)
    WHERE s.ns = space AND s.kind = wanted_kind AND s.name = wanted_name
        AND s.expires > clock AND least(clock + ttl, s.ends) > s.expires + slack;
    RETURN QUERY
    SELECT o.i, clock, s.created, s.expires, s.ends, e.version, e.expires, e.value
    FROM unnest(keys) WITH ORDINALITY AS o(key, i)
    LEFT JOIN fastestmcp.scope s
        ON s.ns = space AND s.kind = wanted_kind AND s.name = wanted_name AND (s.expires IS NULL OR s.expires > clock)
    LEFT JOIN fastestmcp.entry e
        ON e.scope = s.id AND e.key = o.key AND (e.expires IS NULL OR e.expires > clock);
END
$$;
