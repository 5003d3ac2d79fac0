SELECT forgotten FROM namespace WHERE id = ?1
