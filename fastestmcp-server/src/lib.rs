//! MCP server of fastestmcp over stdio and streamable HTTP, both protocol eras.
