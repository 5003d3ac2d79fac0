-- Appends to several topics: `counts` events of `sizes` bytes to each of `names`, of which the first counts[1] of
-- `payloads` go to the first, and so on. `starts` are the offsets of the first event of each.
--
-- Offsets go on from the head of the topic, and never below the server's clock in microseconds nor below the counter, which
-- leaps when events may have been lost: so none of their offsets is ever repeated.
CREATE OR REPLACE FUNCTION fastestmcp.event_append(
    at bigint, space integer, names bytea[], counts integer[], sizes bigint[],
    keep_counts bigint[], keep_ages bigint[], keep_bytes bigint[],
    payload_topics integer[], payload_ranks integer[], payloads bytea[],
    OUT moment bigint, OUT starts bigint[]
)
LANGUAGE plpgsql AS $$
DECLARE
    clock bigint;
    ids bigint[];
    spares bigint[];
    held bigint[];
    absent boolean;
    mark bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(sorted.key) FROM (
        SELECT DISTINCT fastestmcp.topic_lock(space, n.name) AS key FROM unnest(names) AS n(name) ORDER BY key
    ) AS sorted;
    moment := fastestmcp.now(at);
    clock := floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint;

    SELECT bool_or(t.id IS NULL) INTO absent
    FROM unnest(names) AS n(name) LEFT JOIN fastestmcp.topic t ON t.ns = space AND t.name = n.name;
    IF absent THEN
        -- Shared, so that no topic is forgotten meanwhile: whoever sees a new mark sees these topics, too.
        SELECT n.forgotten INTO mark FROM fastestmcp.namespace n WHERE n.id = space FOR SHARE;
        INSERT INTO fastestmcp.topic (id, ns, name, floor, head, events, bytes, dies, look)
        SELECT nextval('fastestmcp.counter'), space, n.name, mark, mark, 0, 0, moment + n.age, moment + n.age
        FROM unnest(names, keep_ages) AS n(name, age)
        ON CONFLICT (ns, name) DO NOTHING;
    END IF;

    WITH advanced AS (
        UPDATE fastestmcp.topic t SET
            head = greatest(t.head, clock, nextval('fastestmcp.counter')) + n.count, events = t.events + n.count,
            bytes = t.bytes + n.size, dies = moment + n.age, look = least(t.look, moment + n.age)
        FROM unnest(names, counts, sizes, keep_ages) WITH ORDINALITY AS n(name, count, size, age, i)
        WHERE t.ns = space AND t.name = n.name
        RETURNING n.i, t.id, t.head - n.count + 1 AS start, t.events, t.bytes
    )
    SELECT array_agg(a.id ORDER BY a.i), array_agg(a.start ORDER BY a.i), array_agg(a.events - k.count ORDER BY a.i),
        array_agg(a.bytes ORDER BY a.i)
    INTO ids, starts, spares, held
    FROM advanced a JOIN unnest(keep_counts) WITH ORDINALITY AS k(count, i) ON k.i = a.i;

    INSERT INTO fastestmcp.event (topic, place, appended, payload)
    SELECT ids[p.topic], starts[p.topic] + p.rank, moment, p.payload
    FROM unnest(payload_topics, payload_ranks, payloads) AS p(topic, rank, payload);

    -- Trimming waits until there is something to gain from it, and does a bounded part of it.
    PERFORM fastestmcp.topic_trim(ids[i], moment - keep_ages[i], least(spares[i], 256 + counts[i]), 9223372036854775807)
    FROM generate_subscripts(ids, 1) AS i
    WHERE spares[i] > 64;

    -- A maximum is kept at once. Little goes, as little came, unless it was lowered.
    PERFORM fastestmcp.topic_fit(ids[i], keep_bytes[i])
    FROM generate_subscripts(ids, 1) AS i
    WHERE held[i] > keep_bytes[i];
END
$$;
