DELETE FROM task_state WHERE id = ?1 RETURNING length(state)
