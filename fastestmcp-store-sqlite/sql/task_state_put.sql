INSERT INTO task_state (id, state) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET state = ?2
