UPDATE topic SET head = ?2, events = ?3, bytes = ?4, dies = ?5 WHERE id = ?1
