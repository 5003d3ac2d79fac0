SELECT id, name, owner, session, queue, priority, status, created, updated, expires, open, due, worker, token, version, claims
FROM task
WHERE ns = ?1 AND owner = ?5 AND (created, name) < (?2, ?3)
ORDER BY created DESC, name DESC LIMIT ?4
