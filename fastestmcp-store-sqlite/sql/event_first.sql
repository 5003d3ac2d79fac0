SELECT min(id) FROM event WHERE topic = ?1
