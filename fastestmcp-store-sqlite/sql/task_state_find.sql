SELECT state FROM task_state WHERE id = ?1
