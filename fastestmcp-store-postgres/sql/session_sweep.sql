SELECT * FROM fastestmcp.session_sweep($1, $2, $3, $4)
