#![doc = include_str!("../README.md")]

mod call;
mod clock;
mod config;
mod error;
mod link;
mod route;
mod script;
mod store;
mod tag;

pub use config::{Deployment, Login, RedisConfig, Server, Tls};
pub use store::RedisStore;
