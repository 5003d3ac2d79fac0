//! The server that the official conformance suite talks to, written on rmcp alone, and served either way: what the suite finds
//! behind rmcp's own service it must find behind ours, on any number of nodes.
//!
//! Arguments: `rmcp`, for rmcp's own service on one node, or `sqlite:PATH` or `redis://HOST:PORT`, which any number of
//! processes may share; and an address to listen on. `cargo xtask mcp-conformance --plain --store STORE` starts it.

mod asking;
mod content;
mod prompts;
mod resources;
mod server;
mod tools;

use std::env;
use std::error::Error;
use std::sync::Arc;

use axum::Router;
use fastestmcp_core::Stores;
use fastestmcp_rmcp::{SharedHttpConfig, SharedHttpService};
use fastestmcp_store_redis::RedisStore;
use fastestmcp_store_sqlite::SqliteStore;
use rmcp::transport::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use crate::server::Plain;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(store), Some(address), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("arguments: rmcp|sqlite:PATH|redis://HOST:PORT HOST:PORT".into());
    };
    let app = if store == "rmcp" {
        let sessions: Arc<LocalSessionManager> = Arc::default();
        let service = StreamableHttpService::new(|| Ok(Plain), sessions, Default::default());
        Router::new().route_service("/mcp", service)
    } else {
        let service = SharedHttpService::start(Plain, stores(&store).await?, SharedHttpConfig::default()).await?;
        Router::new().route_service("/mcp", service)
    };
    let listener = tokio::net::TcpListener::bind(address).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn stores(url: &str) -> Result<Stores, Box<dyn Error>> {
    match url.split_once(':') {
        Some(("sqlite", path)) => Ok(Stores::of(SqliteStore::open(path).await?)),
        Some(("redis", _)) => Ok(Stores::of(RedisStore::open(url).await?)),
        _ => Err(format!("neither rmcp nor sqlite:PATH nor redis://HOST:PORT: {url}").into()),
    }
}
