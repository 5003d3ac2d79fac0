UPDATE task SET status = ?2, updated = ?3, version = ?4 WHERE id = ?1
