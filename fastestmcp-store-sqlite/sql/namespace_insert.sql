INSERT INTO namespace (name) VALUES (?1) RETURNING id
