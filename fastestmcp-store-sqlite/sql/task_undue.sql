-- A STRICT table refuses to change a row while one of its columns is of another type, so these are made to fit; the
-- version, which no record has, keeps it from being taken for whole.
UPDATE task
SET due = NULL,
    version = -1,
    ns = iif(typeof(ns) = 'integer', ns, -1),
    name = CAST(name AS BLOB),
    owner = CAST(owner AS BLOB),
    session = CAST(session AS BLOB),
    queue = CAST(queue AS BLOB),
    priority = iif(typeof(priority) = 'integer', priority, -1),
    status = iif(typeof(status) = 'integer', status, -1),
    created = iif(typeof(created) = 'integer', created, -1),
    updated = iif(typeof(updated) = 'integer', updated, -1),
    expires = iif(typeof(expires) IN ('integer', 'null'), expires, NULL),
    open = iif(typeof(open) = 'integer', open, 1),
    worker = CAST(worker AS BLOB),
    token = iif(typeof(token) IN ('integer', 'null'), token, NULL),
    claims = iif(typeof(claims) = 'integer', claims, -1),
    idempotency_key = CAST(idempotency_key AS BLOB),
    idempotency_digest = CAST(idempotency_digest AS BLOB)
WHERE id = ?1
