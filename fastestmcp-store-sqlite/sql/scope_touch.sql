UPDATE scope SET expires = ?2 WHERE id = ?1
