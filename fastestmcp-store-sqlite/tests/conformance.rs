//! The conformance suite on SQLite: every node is a handle of its own on one file.
use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError, Node};
use fastestmcp_core::{ids::Namespace, time::Clock};
use fastestmcp_store_sqlite::{SqliteConfig, SqliteStore};

struct Sqlite;
struct File(tempfile::TempDir, Arc<dyn Clock>);

#[async_trait]
impl Harness for Sqlite {
    const NAME: &'static str = "sqlite";
    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(File(tempfile::tempdir().map_err(HarnessError::failed)?, clock)))
    }
}

#[async_trait]
impl Cluster for File {
    async fn node(&self, index: usize) -> Result<Node, HarnessError> {
        self.node_in(&Namespace::default(), index).await
    }
    async fn node_in(&self, namespace: &Namespace, _index: usize) -> Result<Node, HarnessError> {
        let config =
            SqliteConfig::new(self.0.path().join("state.db")).namespace(namespace.clone()).clock(self.1.clone());
        SqliteStore::open_with(config).await.map(Node::of).map_err(HarnessError::failed)
    }
}
fastestmcp_conformance::conformance_main!(Sqlite);
