SELECT counter, stamp FROM meta
