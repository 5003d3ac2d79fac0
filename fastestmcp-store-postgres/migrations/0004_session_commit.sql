-- Many callers' commits, each with an outcome of its own: 0 committed, 1 scope gone, 2 scope exists, 3 mismatch at the
-- operation that `mismatches` names, 4 it names something damaged. Operations are numbered from 1 over all commits; `found_*` is what mismatches,
-- takes and deletes found. Commits to the same scope are told apart by their wave: later waves see earlier ones.
--
-- Lock, read the clock, check, draw, write: each step is a statement of its own, so that it sees what was committed while
-- this one waited for its locks.
CREATE OR REPLACE FUNCTION fastestmcp.session_commit(
    at bigint, space integer,
    kinds smallint[], names bytea[], rules smallint[], ttls bigint[], lives bigint[], puts boolean[], waves integer[],
    op_commits integer[], op_verbs smallint[], op_keys bytea[], op_expects smallint[], op_versions bigint[],
    op_ttls bigint[], op_values bytea[], last_wave integer, checks boolean, writes boolean, removals boolean,
    most_bytes bigint,
    OUT moment bigint, OUT outcomes smallint[], OUT mismatches integer[], OUT versions bigint[],
    OUT found_ops integer[], OUT found_versions bigint[], OUT found_expires bigint[], OUT found_values bytea[]
)
LANGUAGE plpgsql AS $$
DECLARE
    live bigint[];
    missed integer[];
    harmed boolean[];
    holders bigint[];
    seen record;
BEGIN
    PERFORM pg_advisory_xact_lock(sorted.key) FROM (
        SELECT DISTINCT fastestmcp.scope_lock(space, c.kind, c.name) AS key
        FROM unnest(kinds, names) AS c(kind, name)
        ORDER BY key
    ) AS sorted;
    moment := fastestmcp.now(at);
    versions := ARRAY(
        SELECT CASE WHEN v = 0 THEN nextval('fastestmcp.counter') END FROM unnest(op_verbs) AS v
    );
    FOR this_wave IN 1..last_wave LOOP
        -- 0 for a scope that is damaged.
        live := ARRAY(
            SELECT CASE WHEN s.created >= 0 AND (s.kind = 3 OR s.expires IS NOT NULL) THEN s.id WHEN s.id > 0 THEN 0 END
            FROM unnest(kinds, names, waves) WITH ORDINALITY AS c(kind, name, wave, i)
            LEFT JOIN fastestmcp.scope s
                ON c.wave = this_wave AND s.ns = space AND s.kind = c.kind AND s.name = c.name
                AND (s.expires IS NULL OR s.expires > moment)
            ORDER BY c.i
        );

        missed := NULL;
        harmed := NULL;
        IF checks OR removals THEN
            SELECT array_agg(m.first ORDER BY c.i), array_agg(m.harmed ORDER BY c.i) INTO missed, harmed
            FROM unnest(waves) WITH ORDINALITY AS c(wave, i)
            LEFT JOIN (
                SELECT o.c, min(o.i)::integer AS first, bool_or(e.version <= 0) AS harmed
                FROM unnest(op_commits, op_verbs, op_keys, op_expects, op_versions)
                    WITH ORDINALITY AS o(c, verb, key, expect, version, i)
                LEFT JOIN fastestmcp.entry e
                    ON e.scope = live[o.c] AND e.key = o.key AND (e.expires IS NULL OR e.expires > moment)
                WHERE waves[o.c] = this_wave AND CASE
                    WHEN e.version <= 0 THEN o.expect <> 0 OR o.verb = 2
                    WHEN o.expect = 0 THEN false
                    WHEN o.expect = 1 THEN e.version IS NOT NULL
                    WHEN o.expect = 2 THEN e.version IS NULL
                    ELSE e.version IS DISTINCT FROM o.version
                END
                GROUP BY o.c
            ) AS m ON m.c = c.i;
        END IF;

        -- As it is mostly: every scope lives and nothing is expected.
        IF last_wave = 1 AND NOT checks AND array_position(live, NULL) IS NULL AND 0 <> ALL (live)
            AND 2 <> ALL (rules) AND coalesce(true <> ALL (harmed), true)
        THEN
            outcomes := array_fill(0, ARRAY[cardinality(kinds)]);
            mismatches := array_fill(NULL::integer, ARRAY[cardinality(kinds)]);
            holders := live;
        ELSE
            -- A System scope has a row only while it holds something.
            SELECT
                array_agg(CASE WHEN d.wave = this_wave THEN d.outcome ELSE outcomes[d.i] END ORDER BY d.i),
                array_agg(CASE WHEN d.wave = this_wave THEN CASE WHEN d.outcome = 3 THEN missed[d.i] END
                    ELSE mismatches[d.i] END ORDER BY d.i),
                array_agg(CASE WHEN d.wave = this_wave AND d.outcome = 0 THEN
                    coalesce(live[d.i], CASE WHEN d.kind <> 3 OR d.put THEN nextval('fastestmcp.counter') END)
                END ORDER BY d.i)
            INTO outcomes, mismatches, holders
            FROM (
                SELECT c.kind, c.put, c.wave, c.i, (CASE
                    WHEN live[c.i] = 0 OR harmed[c.i] THEN 4
                    WHEN c.kind <> 3 AND c.rule = 0 AND live[c.i] IS NULL THEN 1
                    WHEN c.kind <> 3 AND c.rule = 2 AND live[c.i] IS NOT NULL THEN 2
                    WHEN missed[c.i] IS NOT NULL THEN 3
                    ELSE 0
                END)::smallint AS outcome
                FROM unnest(kinds, rules, puts, waves) WITH ORDINALITY AS c(kind, rule, put, wave, i)
            ) AS d;
        END IF;

        IF checks OR removals THEN
            SELECT
                array_agg(o.i::integer) AS ops, array_agg(e.version) AS versions, array_agg(e.expires) AS expires,
                -- A delete only tells that it found something.
                array_agg(CASE WHEN mismatches[o.c] = o.i OR o.verb = 2 THEN e.value END) AS values
            INTO seen
            FROM unnest(op_commits, op_verbs, op_keys) WITH ORDINALITY AS o(c, verb, key, i)
            JOIN fastestmcp.entry e
                ON e.scope = live[o.c] AND e.key = o.key AND (e.expires IS NULL OR e.expires > moment)
            WHERE waves[o.c] = this_wave
                AND (mismatches[o.c] = o.i OR (outcomes[o.c] = 0 AND o.verb IN (1, 2)));
            PERFORM fastestmcp.answer_bounded(sum(octet_length(v)), most_bytes) FROM unnest(seen.values) AS v;
            found_ops := found_ops || seen.ops;
            found_versions := found_versions || seen.versions;
            found_expires := found_expires || seen.expires;
            found_values := found_values || seen.values;
        END IF;

        IF holders IS DISTINCT FROM live THEN
            INSERT INTO fastestmcp.grave (scope, ns)
            SELECT s.id, space FROM unnest(kinds, names) WITH ORDINALITY AS c(kind, name, i)
            JOIN fastestmcp.scope s ON s.ns = space AND s.kind = c.kind AND s.name = c.name
            WHERE holders[c.i] IS NOT NULL AND live[c.i] IS NULL;

            INSERT INTO fastestmcp.scope AS s (id, ns, kind, name, created, expires, ends, look)
            SELECT b.id, space, b.kind, b.name, b.created, b.expires, b.ends, b.expires
            FROM (
                SELECT holders[c.i] AS id, c.kind, c.name, CASE WHEN c.kind = 3 THEN 0 ELSE moment END AS created,
                    CASE WHEN c.kind <> 3 THEN moment + least(c.ttl, c.life) END AS expires,
                    CASE WHEN c.kind <> 3 THEN moment + c.life END AS ends
                FROM unnest(kinds, names, ttls, lives) WITH ORDINALITY AS c(kind, name, ttl, life, i)
                WHERE holders[c.i] IS NOT NULL AND live[c.i] IS NULL
            ) AS b
            ON CONFLICT (ns, kind, name) DO UPDATE SET
                id = excluded.id, created = excluded.created, expires = excluded.expires, ends = excluded.ends,
                look = excluded.look;
        END IF;

        IF removals THEN
            DELETE FROM fastestmcp.entry e
            USING unnest(op_commits, op_verbs, op_keys) AS o(c, verb, key)
            WHERE o.verb IN (1, 2) AND e.scope = holders[o.c] AND e.key = o.key;
        END IF;

        IF writes THEN
            INSERT INTO fastestmcp.entry AS e (scope, key, ns, version, expires, look, value)
            SELECT holders[o.c], o.key, space, o.version, moment + o.ttl, moment + o.ttl, o.value
            FROM unnest(op_commits, op_verbs, op_keys, versions, op_ttls, op_values)
                AS o(c, verb, key, version, ttl, value)
            WHERE o.verb = 0 AND holders[o.c] IS NOT NULL
            ON CONFLICT (scope, key) DO UPDATE SET
                version = excluded.version, expires = excluded.expires, value = excluded.value,
                look = least(e.look, excluded.look);
        END IF;

        IF removals THEN
            DELETE FROM fastestmcp.scope s
            USING unnest(kinds) WITH ORDINALITY AS c(kind, i)
            WHERE c.kind = 3 AND s.id = holders[c.i]
                AND NOT EXISTS (SELECT 1 FROM fastestmcp.entry e WHERE e.scope = s.id);
        END IF;
    END LOOP;
END
$$;
