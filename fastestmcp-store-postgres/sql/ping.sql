SELECT fastestmcp.now($1)
