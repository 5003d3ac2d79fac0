SELECT fastestmcp.counter_raise(), fastestmcp.namespace_keep($1, $2) AS kept
