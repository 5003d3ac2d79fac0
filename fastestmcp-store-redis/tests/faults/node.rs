use std::net::SocketAddr;
use std::time::Duration;

use fastestmcp_conformance::Node;
use fastestmcp_store_redis::{RedisConfig, RedisStore};

/// Shorter than the default, so that a minute shows many of them.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) async fn store(url: &str) -> RedisStore {
    RedisStore::open_with(RedisConfig::from_url(url).unwrap().timeout(TIMEOUT)).await.unwrap()
}

/// Two nodes of one server or set.
pub(crate) async fn two(url: &str) -> Vec<Node> {
    vec![Node::of(store(url).await), Node::of(store(url).await)]
}

pub(crate) fn at(address: SocketAddr) -> String {
    format!("redis://{address}")
}
