SELECT fastestmcp.counter_raise()
