SELECT pg_advisory_xact_lock(hashtextextended('fastestmcp migrations of ' || $1, 0))
