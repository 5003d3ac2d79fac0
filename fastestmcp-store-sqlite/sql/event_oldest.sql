SELECT id, appended, length(payload) FROM event WHERE topic = ?1 ORDER BY id LIMIT ?2
