SELECT * FROM fastestmcp.task_renew($1, $2, $3, $4, $5)
