SELECT fastestmcp.clock_inject({space})
