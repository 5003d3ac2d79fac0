CREATE TABLE IF NOT EXISTS public.raw (
    scope bytea NOT NULL,
    key bytea NOT NULL,
    version bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (scope, key)
) WITH (fillfactor = 75)
