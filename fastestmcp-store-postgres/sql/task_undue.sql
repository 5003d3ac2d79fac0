-- Takes claimed tasks off the due index.
UPDATE fastestmcp.task_head h SET due = NULL, worker = NULL, token = NULL
FROM unnest($1::bigint[], $2::bigint[]) AS i(id, token) WHERE h.id = i.id AND h.token = i.token
