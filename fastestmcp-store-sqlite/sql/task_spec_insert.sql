INSERT INTO task_spec (id, spec) VALUES (?1, ?2)
