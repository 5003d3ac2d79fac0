-- Waits until the writes that are under way to these tasks are committed.
SELECT 1 FROM fastestmcp.task_head h WHERE h.id = ANY ($1) ORDER BY h.id FOR SHARE
