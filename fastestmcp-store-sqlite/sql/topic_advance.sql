UPDATE topic SET head = ?2, events = ?3, dies = ?4 WHERE id = ?1
