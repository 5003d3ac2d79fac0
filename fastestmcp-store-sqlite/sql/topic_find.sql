SELECT id, floor, head, events FROM topic WHERE ns = ?1 AND name = ?2
