SELECT * FROM fastestmcp.event_sweep($1, $2, $3, $4)
