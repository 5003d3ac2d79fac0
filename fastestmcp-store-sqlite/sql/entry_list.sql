SELECT id, key, version, expires, value FROM entry
WHERE scope = ?1 AND key >= ?2 AND key < ?3
ORDER BY key LIMIT ?4
