//! The names of spans, in one place (contract R6). Events carry the module they come from.

/// One call of a tool while its client waits.
pub(crate) const SPAN_CALL: &str = "fastestmcp.call";
/// One run of a task's handler, from claim to outcome.
pub(crate) const SPAN_RUN: &str = "fastestmcp.task.run";
