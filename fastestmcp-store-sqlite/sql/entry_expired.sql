SELECT id, scope, length(value) FROM entry WHERE ns = ?1 AND expires <= ?2 ORDER BY expires LIMIT ?3
