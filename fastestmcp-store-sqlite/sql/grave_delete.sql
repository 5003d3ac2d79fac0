DELETE FROM grave WHERE scope = ?1
