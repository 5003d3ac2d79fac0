SELECT id, scope, length(value) FROM entry WHERE scope = ?1 LIMIT ?2
