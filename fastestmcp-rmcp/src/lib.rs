//! rmcp's [`ServerHandler`](rmcp::ServerHandler) on shared stores.
//!
//! [`SharedHttpService`] stands where rmcp's `StreamableHttpService` stood. Sessions are records, streams are topics of an
//! event log, and what a client replies is brought to the node that asked: an ordinary rmcp server survives restarts and
//! works behind any balancer.

mod body;
mod config;
mod decode;
mod direction;
mod drive;
mod envelope;
mod error;
mod exchange;
mod exchanges;
mod http;
mod node;
mod notification;
mod outbox;
mod place;
mod service;
mod session;
mod sse;
mod topic;
mod wire;

pub use body::ResponseBody;
pub use config::SharedHttpConfig;
pub use drive::{SessionClient, SessionPeer, StreamReader};
pub use error::SendError;
pub use fastestmcp_core::runtime::StartError;
pub use notification::{list_changed, log_level, resource_updated};
pub use service::SharedHttpService;
pub use session::Session;
pub use wire::{Anonymous, Wire};
