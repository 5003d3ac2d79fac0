//! The names of spans and events, in one place (contract R6).

/// A `tools/call`, plain or as a task.
pub(crate) const SPAN_CALL: &str = "mcp.tools.call";
/// A request about a task.
pub(crate) const SPAN_TASK: &str = "mcp.tasks";
/// Where the events of this crate come from.
pub(crate) const TARGET: &str = "fastestmcp::server";
