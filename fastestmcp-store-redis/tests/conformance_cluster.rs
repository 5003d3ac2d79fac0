//! The conformance suite on a Redis Cluster of three primaries.

#[path = "deployment/shared.rs"]
mod deployment;

use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError};
use fastestmcp_core::time::Clock;
use fastestmcp_test_servers::{RedisCluster, ServerError};

use deployment::{DataSet, Servers, failed};

struct Shared;

#[async_trait]
impl Harness for Shared {
    const NAME: &'static str = "redis-cluster";

    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(DataSet::new(servers()?, Some(clock)).await))
    }

    async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(DataSet::new(servers()?, None).await))
    }
}

fn servers() -> Result<Servers, HarnessError> {
    let url = RedisCluster::shared().map_err(failed)?.url();
    Ok(Servers { url, restart: || RedisCluster::shared()?.restart(), command })
}

/// By whoever does not name another node.
fn command(words: &[&str]) -> Result<String, ServerError> {
    let cluster = RedisCluster::shared()?;
    let mut answers = (0..3).map(|node| cluster.command(node, words));
    let of_owner = |answer: &Result<String, ServerError>| !matches!(answer, Ok(said) if said.starts_with("MOVED "));
    answers.find(of_owner).unwrap_or_else(|| Err(ServerError::Failed("no node has the key".to_owned())))
}

fastestmcp_conformance::conformance_main!(Shared);
