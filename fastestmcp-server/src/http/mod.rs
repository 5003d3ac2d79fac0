//! The endpoint over HTTP: what has to happen before and after the protocol layer.

mod call;
mod connections;
mod endpoint;
mod refusal;
mod registry_store;
mod service;
mod sessions;
mod unstalled;

pub use service::McpService;
