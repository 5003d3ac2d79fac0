SELECT id, name, created, expires, ends FROM scope
WHERE ns = ?1 AND kind = ?2 AND name >= ?3
ORDER BY name LIMIT ?4
