//! Calls that a client waits for.

mod get_prompt;
mod host;
mod list_tools;
mod listen;
mod plain;
mod suspend;
mod tool;
