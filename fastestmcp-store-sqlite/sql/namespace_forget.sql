UPDATE namespace SET forgotten = ?2 WHERE id = ?1
