//! MCP servers whose sessions and tasks survive a kill -9: pluggable, shared, durable state.
