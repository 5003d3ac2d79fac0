UPDATE task SET due = ?2 WHERE id = ?1
