//! The conformance suite on Postgres behind a PgBouncer in session mode.

#[path = "conformance/space.rs"]
mod space;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError};
use fastestmcp_core::time::Clock;
use fastestmcp_test_servers::{PgBouncer, Postgres, ServerError};

use space::{Space, missing};

struct Pooled;

#[async_trait]
impl Harness for Pooled {
    const NAME: &'static str = "postgres-pgbouncer";

    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(Space::new(url()?, Some(clock))?))
    }

    async fn production(&self) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(Space::new(url()?, None)?))
    }
}

fn url() -> Result<&'static str, HarnessError> {
    static POOLER: OnceLock<Result<PgBouncer, ServerError>> = OnceLock::new();
    // Suites open several nodes for each of many cases at once.
    let start = || PgBouncer::settings().set("default_pool_size", "350").start(Postgres::shared()?);
    Ok(POOLER.get_or_init(start).as_ref().map_err(|error| missing(error.clone()))?.url())
}

fastestmcp_conformance::conformance_main!(Pooled);
