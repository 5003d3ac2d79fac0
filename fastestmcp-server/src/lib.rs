//! MCP server of fastestmcp over stdio and streamable HTTP, both protocol eras on one endpoint.
//!
//! [`Server::builder`] collects tools and stores; [`Server::serve_http`], [`Server::serve_stdio`] and
//! [`Server::run_workers`] run it until a signal stops it. The protocol layer is `rmcp`; what it lacks is added around
//! it: sessions that every node knows, tasks of the 2025-11-25 wire, and durable tasks on both wires.

mod auth;
mod bound;
mod builder;
mod catalog;
mod config;
mod era2025;
mod era2026;
mod error;
mod handler;
mod http;
mod incoming;
mod outbound;
mod peer_client;
mod server;
mod signal;
mod stdio;
mod stop;
mod telemetry;
mod wire;

pub use auth::{Anonymous, Authenticator, Bearer, Challenge};
pub use bound::BoundServer;
pub use builder::ServerBuilder;
pub use config::{HttpConfig, InvalidHttp};
pub use error::ServerError;
pub use http::{McpBody, McpService};
pub use server::Server;
pub use signal::stop_signal;
