CREATE TABLE IF NOT EXISTS fastestmcp.migration (
    number integer PRIMARY KEY,
    applied timestamptz NOT NULL DEFAULT clock_timestamp()
)
