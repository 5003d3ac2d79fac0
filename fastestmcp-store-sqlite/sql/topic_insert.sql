INSERT INTO topic (ns, name, floor, head, events, bytes, dies) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
