SELECT value FROM entry WHERE scope = ?1 AND key = ?2
