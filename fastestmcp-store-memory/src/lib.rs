//! In-process store of fastestmcp.
