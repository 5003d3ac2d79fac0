SELECT id, payload FROM event WHERE topic = ?1 AND id > ?2 ORDER BY id LIMIT ?3
