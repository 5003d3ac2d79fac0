INSERT INTO grave (scope, ns) VALUES (?1, ?2)
