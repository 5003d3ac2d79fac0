SELECT spec FROM task_spec WHERE id = ?1
