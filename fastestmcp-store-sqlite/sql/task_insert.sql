INSERT INTO task (
    ns, name, owner, session, queue, priority, status, created, updated, expires, open, due, version, claims,
    idempotency_key, idempotency_digest
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, 1, ?10, ?11, 0, ?12, ?13)
