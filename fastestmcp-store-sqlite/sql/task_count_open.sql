SELECT count(*) FROM (
    SELECT 1 FROM task
    WHERE ns = ?1 AND owner = ?2 AND open = 1 AND (expires IS NULL OR expires > ?3)
    LIMIT ?4
)
