SELECT id, floor, head, events, bytes FROM topic WHERE ns = ?1 AND name = ?2
