SELECT scope FROM grave WHERE ns = ?1 LIMIT 1
