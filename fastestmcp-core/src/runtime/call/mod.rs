//! Calls that a client waits for.

mod host;
mod list_tools;
mod listen;
mod plain;
mod suspend;
mod tool;
