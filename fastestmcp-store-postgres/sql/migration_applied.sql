SELECT number FROM fastestmcp.migration
