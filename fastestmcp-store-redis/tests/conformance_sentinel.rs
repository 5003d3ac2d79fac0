//! The conformance suite on a Redis primary with a replica, found through Sentinels.

#[path = "deployment/shared.rs"]
mod deployment;

use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError};
use fastestmcp_core::time::Clock;
use fastestmcp_test_servers::{RedisSentinel, ServerError};

use deployment::{DataSet, Servers, failed};

struct Shared;

#[async_trait]
impl Harness for Shared {
    const NAME: &'static str = "redis-sentinel";

    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(DataSet::new(servers()?, Some(clock)).await))
    }

    async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(DataSet::new(servers()?, None).await))
    }
}

fn servers() -> Result<Servers, HarnessError> {
    let url = RedisSentinel::shared().map_err(failed)?.url();
    Ok(Servers { url, restart: || RedisSentinel::shared()?.restart(), command })
}

fn command(words: &[&str]) -> Result<String, ServerError> {
    let set = RedisSentinel::shared()?;
    set.command(set.primary()?, words)
}

fastestmcp_conformance::conformance_main!(Shared);
