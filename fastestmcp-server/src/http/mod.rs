//! The endpoint over HTTP: what has to happen before and after the protocol layer.

mod connections;
mod cors;
mod endpoint;
mod health;
mod media;
pub(crate) mod place;
mod refusal;
mod service;
mod task_news;
mod unstalled;
mod wire;

pub use service::{McpBody, McpService};
