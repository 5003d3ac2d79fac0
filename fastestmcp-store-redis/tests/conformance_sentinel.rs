//! The conformance suite on a Redis primary with a replica, found through Sentinels.

#[path = "deployment/shared.rs"]
mod deployment;

use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError};
use fastestmcp_core::time::Clock;
use fastestmcp_test_servers::RedisSentinel;

use deployment::DataSet;

struct Shared;

#[async_trait]
impl Harness for Shared {
    const NAME: &'static str = "redis-sentinel";

    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(DataSet::new(RedisSentinel::shared().map_err(deployment::failed)?.url(), Some(clock))))
    }

    async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(DataSet::new(RedisSentinel::shared().map_err(deployment::failed)?.url(), None)))
    }
}

fastestmcp_conformance::conformance_main!(Shared);
