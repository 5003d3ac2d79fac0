DELETE FROM entry WHERE id = ?1
