SELECT * FROM fastestmcp.session_delete($1, $2, $3, $4)
