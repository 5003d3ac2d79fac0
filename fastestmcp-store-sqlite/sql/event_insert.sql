INSERT INTO event (id, topic, appended, payload) VALUES (?1, ?2, ?3, ?4)
