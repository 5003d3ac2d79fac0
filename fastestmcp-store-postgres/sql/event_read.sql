-- One row per event, and one for a topic that has none to show. Beyond $5 bytes in all, each row counted as 64 more than
-- its payload, a topic has one row without a payload.
SELECT
    clock.now AS moment, topics.i, topics.floor, topics.head, topics.oldest, topics.place,
    CASE WHEN topics.before <= $5 THEN topics.payload END AS payload
FROM (SELECT fastestmcp.now($1) AS now OFFSET 0) AS clock
LEFT JOIN (
    SELECT o.i, k.floor, k.head, e.place, e.payload,
        CASE WHEN k.gap THEN (SELECT min(x.place) FROM fastestmcp.event x WHERE x.topic = k.id) END AS oldest,
        lag(o.i) OVER (ORDER BY o.i, e.place) IS DISTINCT FROM o.i AS first,
        coalesce(sum(octet_length(e.payload) + 64) OVER (
            ORDER BY o.i, e.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS before
    FROM unnest($3::bytea[], $4::bigint[]) WITH ORDINALITY AS o(name, after, i)
    LEFT JOIN fastestmcp.topic t ON t.ns = $2 AND t.name = o.name
    CROSS JOIN LATERAL (
        SELECT t.id, coalesce(t.floor, mark.place) AS floor, coalesce(t.head, mark.place) AS head,
            o.after < coalesce(t.floor, mark.place) OR o.after > coalesce(t.head, mark.place) AS gap
        FROM (SELECT n.forgotten AS place FROM fastestmcp.namespace n WHERE n.id = $2) AS mark
    ) AS k
    LEFT JOIN LATERAL (
        SELECT x.place, x.payload FROM fastestmcp.event x
        WHERE x.topic = k.id AND x.place > o.after AND NOT k.gap
        ORDER BY x.place LIMIT $6
    ) AS e ON true
) AS topics ON topics.first OR topics.before <= $5
ORDER BY topics.i, topics.place
