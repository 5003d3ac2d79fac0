SELECT fastestmcp.namespace_open($1)
