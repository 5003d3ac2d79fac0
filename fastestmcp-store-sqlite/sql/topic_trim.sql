UPDATE topic SET floor = ?2, events = ?3 WHERE id = ?1
