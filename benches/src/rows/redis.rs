use std::path::Path;

use fastestmcp_core::ids::Namespace;
use fastestmcp_store_redis::{RedisConfig, RedisStore};
use fastestmcp_test_servers::Redis;

use crate::report::{BenchError, BenchResult};

/// A Redis server of our own for both sides of a row.
#[derive(Debug)]
pub(crate) struct Server(Redis);

impl Server {
    /// Every write is in the append-only file, and that on the device, before it is acknowledged.
    pub(crate) fn durable() -> BenchResult<Self> {
        Ok(Self(Redis::start()?))
    }

    /// Nothing is written to the device: what is measured is the server alone.
    pub(crate) fn in_memory() -> BenchResult<Self> {
        Ok(Self(Redis::settings().line("appendonly no").start()?))
    }

    /// A store with a namespace of its own.
    pub(crate) async fn open(&self, namespace: &str) -> BenchResult<RedisStore> {
        let namespace = Namespace::new(namespace).ok_or_else(|| BenchError::wrong("a namespace without a name"))?;
        Ok(RedisStore::open_with(RedisConfig::from_url(self.0.url())?.namespace(namespace)).await?)
    }

    /// As peers and other clients are told.
    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }

    /// As peers are told.
    pub(crate) fn path(&self) -> &Path {
        Path::new(self.0.url())
    }

    pub(crate) fn port(&self) -> BenchResult<u16> {
        Ok(self.0.port()?)
    }
}
