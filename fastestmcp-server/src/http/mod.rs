//! The endpoint over HTTP: what has to happen before and after the protocol layer.

mod call;
mod connections;
mod cors;
mod endpoint;
mod media;
pub(crate) mod place;
mod refusal;
mod registry_store;
mod service;
mod sessions;
mod unstalled;

pub use service::McpService;
