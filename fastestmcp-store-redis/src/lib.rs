#![doc = include_str!("../README.md")]

mod call;
mod clock;
mod config;
mod error;
mod event;
mod link;
mod open;
mod parts;
mod promises;
mod reply;
mod rounds;
mod route;
mod script;
mod servers;
mod session;
mod store;
mod sweep;
mod tag;
mod task;

pub use config::{AddressMap, Deployment, Login, RedisConfig, Server, Tls};
pub use store::RedisStore;
