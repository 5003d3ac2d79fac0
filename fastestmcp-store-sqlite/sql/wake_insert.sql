INSERT INTO wake (ns, origin, channel) VALUES (?1, ?2, ?3)
