SELECT fastestmcp.counter_raise(), fastestmcp.namespace_keep({space}, decode('{name}', 'hex')) AS kept
