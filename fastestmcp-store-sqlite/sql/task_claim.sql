UPDATE task SET version = ?2, claims = claims + 1, token = ?3, worker = ?4, due = ?5 WHERE id = ?1
