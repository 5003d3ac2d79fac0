SELECT id, name, owner, session, queue, priority, status, created, updated, expires, open, due, worker, token, version, claims, idempotency_digest
FROM task WHERE ns = ?1 AND idempotency_key = ?2
