SELECT (SELECT length(spec) FROM task_spec WHERE id = ?1) + (SELECT length(state) FROM task_state WHERE id = ?1)
