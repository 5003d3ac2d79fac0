//! The conformance suite on SQLite: every node is a handle of its own on one file.

#[path = "conformance/file.rs"]
mod file;
#[path = "foreign/mod.rs"]
mod foreign;

use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError};
use fastestmcp_core::time::Clock;

use file::File;

struct Sqlite;

#[async_trait]
impl Harness for Sqlite {
    const NAME: &'static str = "sqlite";

    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(File::new(clock)?))
    }
}

fastestmcp_conformance::conformance_main!(Sqlite);
