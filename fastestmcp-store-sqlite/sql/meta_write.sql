UPDATE meta SET counter = ?1, stamp = max(stamp, ?2)
