UPDATE task SET updated = ?2, version = ?3 WHERE id = ?1
