//! The conformance suite on the memory store.

use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Harness, HarnessError, Node};
use fastestmcp_core::{ids::Namespace, time::Clock};
use fastestmcp_store_memory::{MemoryConfig, MemoryStore};

struct Memory;
struct DataSet(MemoryStore);

#[async_trait]
impl Harness for Memory {
    const NAME: &'static str = "memory";
    const VIRTUAL_TIME: bool = true;
    async fn cluster(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Cluster>, HarnessError> {
        Ok(Box::new(DataSet(MemoryStore::with_config(MemoryConfig::default().with_clock(clock)))))
    }
}
#[async_trait]
impl Cluster for DataSet {
    async fn node(&self, _index: usize) -> Result<Node, HarnessError> {
        Ok(Node::of(self.0.clone()))
    }
    async fn node_in(&self, namespace: &Namespace, _index: usize) -> Result<Node, HarnessError> {
        Ok(Node::of(self.0.namespace(namespace.clone())))
    }
    async fn rows(&self) -> Result<u64, HarnessError> {
        Ok(self.0.rows() as u64)
    }
}
fastestmcp_conformance::conformance_main!(Memory);
