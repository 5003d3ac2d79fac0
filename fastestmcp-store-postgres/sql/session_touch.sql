SELECT * FROM fastestmcp.session_touch($1, $2, $3, $4, $5, $6, $7, $8)
