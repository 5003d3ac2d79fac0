//! SQLite store of fastestmcp.
