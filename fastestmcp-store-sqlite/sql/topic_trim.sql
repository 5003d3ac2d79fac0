UPDATE topic SET floor = ?2, events = ?3, bytes = ?4 WHERE id = ?1
