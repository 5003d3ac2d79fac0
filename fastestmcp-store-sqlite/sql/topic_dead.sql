SELECT id, floor, head, events, bytes FROM topic WHERE ns = ?1 AND dies <= ?2 ORDER BY dies LIMIT 1
