SELECT count(*) FROM (
    SELECT 1 FROM scope WHERE ns = ?1 AND kind = ?2
    AND EXISTS (SELECT 1 FROM entry WHERE entry.scope = scope.id AND (entry.expires IS NULL OR entry.expires > ?3))
    LIMIT ?4
)
