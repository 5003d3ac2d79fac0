DELETE FROM wake WHERE id <= ?1
