INSERT INTO entry (ns, scope, key, version, expires, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (scope, key) DO UPDATE SET version = ?4, expires = ?5, value = ?6
