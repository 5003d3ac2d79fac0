//! Calls that a client waits for.

mod complete;
mod host;
mod leg;
mod list;
mod listen;
mod plain;
mod prompt;
mod report;
mod resource;
mod suspend;
mod tool;
