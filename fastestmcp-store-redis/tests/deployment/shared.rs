use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, HarnessError, Node, Skew};
use fastestmcp_core::ids::{MAX_ID_BYTES, Namespace, digest};
use fastestmcp_core::time::Clock;
use fastestmcp_store_redis::{RedisConfig, RedisStore};
use fastestmcp_test_servers::ServerError;

static DATA_SETS: AtomicU64 = AtomicU64::new(0);

/// One data set: namespaces of its own on servers that all data sets share, so that they are never stopped.
pub(crate) struct DataSet {
    url: String,
    prefix: String,
    clock: Option<Arc<dyn Clock>>,
    open: Mutex<Vec<RedisStore>>,
}

/// Why there is no server to run on.
pub(crate) fn failed(error: ServerError) -> HarnessError {
    match error {
        ServerError::LeftOut(_) => HarnessError::Unsupported(error.to_string()),
        error => HarnessError::failed(error),
    }
}

impl DataSet {
    pub(crate) fn new(url: &str, clock: Option<Arc<dyn Clock>>) -> Self {
        let number = DATA_SETS.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("{}-{number}", std::process::id());
        Self { url: url.to_owned(), prefix, clock, open: Mutex::default() }
    }
}

#[async_trait]
impl Cluster for DataSet {
    async fn node(&self, index: usize) -> Result<Node, HarnessError> {
        self.node_in(&Namespace::default(), index).await
    }

    async fn node_in(&self, namespace: &Namespace, _: usize) -> Result<Node, HarnessError> {
        let whole = format!("{}/{}", self.prefix, namespace.as_str());
        let name = if whole.len() <= MAX_ID_BYTES {
            whole
        } else {
            format!("{}/{}", self.prefix, digest(&[whole.as_bytes()]))
        };
        let mut config = RedisConfig::from_url(&self.url).map_err(HarnessError::failed)?;
        config.namespace = Namespace::new(name).ok_or_else(|| HarnessError::failed("too long a namespace"))?;
        config.clock = self.clock.clone();
        let store = RedisStore::open_with(config).await.map_err(HarnessError::failed)?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(store.clone());
        Ok(Node::of(store))
    }

    async fn crash(&self) -> Result<(), HarnessError> {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for store in open {
            store.close().await;
        }
        Ok(())
    }

    /// Nothing has to be done for it: no process clock is ever read.
    async fn skew(&self, _: usize, _: Skew) -> Result<(), HarnessError> {
        Ok(())
    }
}
