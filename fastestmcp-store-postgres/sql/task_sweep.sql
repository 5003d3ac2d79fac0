SELECT removed AS swept_rows, bytes AS swept_bytes, more FROM fastestmcp.task_sweep($1, $2, ($3::bigint)::integer, $4)
