SELECT id, name, owner, session, queue, priority, status, created, updated, expires, open, due, worker, token, version, claims
FROM task
WHERE ns = ?1 AND queue = ?2 AND priority = ?3 AND due IS NOT NULL AND (expires IS NULL OR expires > ?4)
ORDER BY due, name
