SELECT id, created, expires, ends FROM scope WHERE ns = ?1 AND kind = ?2 AND name = ?3
