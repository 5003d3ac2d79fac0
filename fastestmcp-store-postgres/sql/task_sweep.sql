SELECT removed, bytes, more FROM fastestmcp.task_sweep($1, $2, $3, $4)
