SELECT id, name, owner, session, queue, priority, status, created, updated, expires, open, due, worker, token, version, claims
FROM task WHERE ns = ?1 AND name = ?2
