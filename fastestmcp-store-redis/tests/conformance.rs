//! The conformance suite on one Redis server, which no other data set uses at the same time.

#[path = "deployment/standalone.rs"]
mod deployment;

use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError};
use fastestmcp_core::time::Clock;

use deployment::DataSet;

struct Standalone;

#[async_trait]
impl Harness for Standalone {
    const NAME: &'static str = "redis";

    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(DataSet::new(Some(clock))?))
    }

    async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(DataSet::new(None)?))
    }
}

fastestmcp_conformance::conformance_main!(Standalone);
