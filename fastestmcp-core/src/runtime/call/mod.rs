//! Calls that a client waits for.

mod host;
mod plain;
mod suspend;
mod tool;

pub(super) use tool::call_tool;
