DELETE FROM task_spec WHERE id = ?1
