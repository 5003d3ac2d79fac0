SELECT min_supported_format FROM meta
