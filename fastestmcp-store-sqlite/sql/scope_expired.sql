SELECT id FROM scope WHERE ns = ?1 AND kind = ?2 AND expires <= ?3 ORDER BY expires LIMIT ?4
