SELECT count(*) FROM (SELECT 1 FROM scope WHERE ns = ?1 AND kind = ?2 AND expires > ?3 LIMIT ?4)
