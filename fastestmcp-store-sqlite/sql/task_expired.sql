SELECT id FROM task WHERE ns = ?1 AND expires <= ?2 ORDER BY expires LIMIT ?3
