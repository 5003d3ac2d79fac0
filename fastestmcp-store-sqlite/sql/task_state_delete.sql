DELETE FROM task_state WHERE id = ?1
