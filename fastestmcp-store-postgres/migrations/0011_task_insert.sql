-- Outcomes: 0 inserted (`version` is all of the record that the caller does not know), 1 exists, 2 key reused, 3 quota
-- exceeded, 4 what exists is damaged. Items are decided in rounds: what does not fit into one looks again, with a new clock, at what took its place.
CREATE FUNCTION fastestmcp.task_insert(
    at bigint, space integer, names bytea[], owners bytea[], sessions bytea[], queues bytea[], priorities smallint[],
    statuses smallint[], delays bigint[], ttls bigint[], specs bytea[], states bytea[], keys bytea[], digests bytea[],
    quotas bigint[], locks bigint[], most_bytes bigint
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
    found_bytes bigint := 0;
BEGIN
    -- One of each owner with a quota: nobody else counts and inserts for it until this is committed.
    PERFORM pg_advisory_xact_lock(i.key) FROM (SELECT key FROM unnest(locks) AS l(key) ORDER BY key) AS i;
    WHILE true = ANY (waiting) LOOP
        moment := fastestmcp.now(at);
        FOR answer IN
            SELECT
                found.item, CASE
                    WHEN found.by_id IS NULL AND t.idempotency_digest <> found.digest THEN 2
                    WHEN fastestmcp.task_sound(h) AND spec.id > 0 AND state.id > 0 THEN 1
                    ELSE 4
                END,
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
                OFFSET 0
            ) AS found
            JOIN fastestmcp.task t ON t.id = found.id
            LEFT JOIN fastestmcp.task_head h ON h.id = found.id
            LEFT JOIN fastestmcp.task_record r ON r.id = h.id AND fastestmcp.task_sound(h)
            LEFT JOIN fastestmcp.task_spec spec
                ON spec.id = found.id AND (found.by_id IS NOT NULL OR t.idempotency_digest = found.digest)
            LEFT JOIN fastestmcp.task_state state
                ON state.id = found.id AND (found.by_id IS NOT NULL OR t.idempotency_digest = found.digest)
        LOOP
            found_bytes := found_bytes + coalesce(octet_length(answer.spec), 0) + coalesce(octet_length(answer.state), 0);
            PERFORM fastestmcp.answer_bounded(found_bytes, most_bytes);
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
            -- In one order everywhere, because it waits for whoever inserts the same id just now.
            ORDER BY i.name
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
