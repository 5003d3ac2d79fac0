#![doc = include_str!("../README.md")]

mod config;
mod connect;
mod database;
mod error;
mod event;
mod jitter;
mod lane;
mod migrate;
mod pool;
mod pooler;
mod row;
mod schema;
mod session;
mod statement;
mod store;
mod sweep;
mod task;

pub use config::PostgresConfig;
pub use store::PostgresStore;
