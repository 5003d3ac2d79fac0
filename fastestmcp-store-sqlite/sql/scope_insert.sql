INSERT INTO scope (id, ns, kind, name, created, expires, ends) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
