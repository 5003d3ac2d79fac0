DELETE FROM entry WHERE scope = ?1 AND key = ?2 RETURNING version, expires, value
