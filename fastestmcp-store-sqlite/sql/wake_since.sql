SELECT id, ns, origin, channel FROM wake WHERE id > ?1 ORDER BY id
