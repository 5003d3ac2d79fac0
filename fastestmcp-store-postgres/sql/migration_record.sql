INSERT INTO fastestmcp.migration (number) VALUES ($1)
