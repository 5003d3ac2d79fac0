SELECT EXISTS (SELECT 1 FROM entry WHERE scope = ?1 AND (expires IS NULL OR expires > ?2))
