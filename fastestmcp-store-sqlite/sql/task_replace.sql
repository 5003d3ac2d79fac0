UPDATE task
SET status = ?2, updated = ?3, version = ?4, expires = ?5, open = ?6, due = ?7, worker = ?8, token = ?9
WHERE id = ?1
