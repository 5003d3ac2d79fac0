//! The conformance suite on Postgres: every node is a store of its own that connects through a chaos proxy of its own.

#[path = "conformance/space.rs"]
mod space;

use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError};
use fastestmcp_core::time::Clock;
use fastestmcp_test_servers::Postgres as Server;

use space::{Space, missing};

struct Postgres;

#[async_trait]
impl Harness for Postgres {
    const NAME: &'static str = "postgres";

    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(Space::new(url()?, Some(clock))?))
    }

    async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(Space::new(url()?, None)?))
    }
}

fn url() -> Result<&'static str, HarnessError> {
    Ok(Server::shared().map_err(missing)?.url())
}

fastestmcp_conformance::conformance_main!(Postgres);
