DELETE FROM task_spec WHERE id = ?1 RETURNING length(spec)
