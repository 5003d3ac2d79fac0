DELETE FROM scope WHERE id = ?1 AND kind = ?2 AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.scope = ?1)
