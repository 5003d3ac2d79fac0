#![doc = include_str!("../README.md")]

mod checkpoint;
mod clock;
mod config;
mod error;
mod event;
mod open;
mod queue;
mod reader;
mod session;
mod snapshot;
mod store;
mod sweep;
mod task;
mod walk;
mod writer;

pub use config::{SqliteConfig, Synchronous};
pub use store::SqliteStore;
