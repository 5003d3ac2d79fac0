use std::net::SocketAddr;
use std::time::Duration;

use fastestmcp_conformance::Node;
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};

/// Shorter than the default, so that a minute shows many of them.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) fn config(url: &str) -> PostgresConfig {
    PostgresConfig::from_url(url).unwrap().timeout(TIMEOUT)
}

pub(crate) async fn store(url: &str) -> PostgresStore {
    PostgresStore::open_with(config(url)).await.unwrap()
}

/// Two nodes of one server.
pub(crate) async fn two(url: &str) -> Vec<Node> {
    vec![Node::of(store(url).await), Node::of(store(url).await)]
}

pub(crate) fn at(address: SocketAddr) -> String {
    format!("postgres://postgres@{address}/postgres")
}
