use fastestmcp_core::backend::Backend;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fastestmcp_conformance::chaos::{ChaosProxies, Cut};
use fastestmcp_conformance::{Cluster, Damage, Fault, HarnessError, Node, Skew};
use fastestmcp_core::ids::{MAX_ID_BYTES, Namespace, digest};
use fastestmcp_core::time::Clock;
use fastestmcp_store_redis::{RedisConfig, RedisStore, Server};
use fastestmcp_test_servers::ServerError;
use tokio::sync::Mutex as AsyncMutex;

#[path = "damage.rs"]
mod damage;
#[path = "operation.rs"]
mod operation;
#[path = "turns.rs"]
mod turns;

use damage::damage;
use operation::is_operation;
use turns::{Alone, Share};

static DATA_SETS: AtomicU64 = AtomicU64::new(0);

/// The servers that all data sets share.
#[derive(Clone, Copy)]
pub(crate) struct Servers {
    pub(crate) url: &'static str,
    pub(crate) restart: fn() -> Result<(), ServerError>,
    /// Runs a command on the server that has its keys.
    pub(crate) command: fn(&[&str]) -> Result<String, ServerError>,
}

/// One data set: namespaces of its own. Each node reaches each server through a proxy of its own.
pub(crate) struct DataSet {
    servers: Servers,
    /// Held by every data set: who restarts the servers waits until the others have ended.
    in_use: AsyncMutex<Option<Share>>,
    proxies: Arc<ChaosProxies>,
    prefix: String,
    clock: Option<Arc<dyn Clock>>,
    open: Mutex<Vec<RedisStore>>,
}

/// Why there is no server to run on.
pub(crate) fn failed(error: ServerError) -> HarnessError {
    match error {
        ServerError::LeftOut(_) => HarnessError::Unsupported(error.to_string()),
        ServerError::Unsupported(hook) => HarnessError::Unsupported(format!("the servers are not ours: {hook}")),
        error => HarnessError::failed(error),
    }
}

impl DataSet {
    pub(crate) async fn new(servers: Servers, clock: Option<Arc<dyn Clock>>) -> Self {
        let in_use = AsyncMutex::new(Some(Share::take().await));
        let number = DATA_SETS.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("{}-{number}", std::process::id());
        let proxies = Arc::new(ChaosProxies::new(is_operation));
        Self { servers, in_use, proxies, prefix, clock, open: Mutex::default() }
    }

    fn name_of(&self, namespace: &Namespace) -> String {
        let whole = format!("{}/{}", self.prefix, namespace.as_str());
        if whole.len() <= MAX_ID_BYTES { whole } else { format!("{}/{}", self.prefix, digest(&[whole.as_bytes()])) }
    }
}

#[async_trait]
impl Cluster for DataSet {
    async fn node(&self, index: usize) -> Result<Node, HarnessError> {
        self.node_in(&Namespace::default(), index).await
    }

    async fn node_in(&self, namespace: &Namespace, index: usize) -> Result<Node, HarnessError> {
        let name = self.name_of(namespace);
        let mut config = RedisConfig::from_url(self.servers.url).map_err(HarnessError::failed)?;
        config.namespace = Namespace::new(name).ok_or_else(|| HarnessError::failed("too long a namespace"))?;
        config.clock = self.clock.clone();
        let proxies = self.proxies.clone();
        let config = config.addresses(move |server| match proxies.address(index, &server.to_string()) {
            Ok(proxy) => Server::new(proxy.ip().to_string(), proxy.port()),
            // There is none at this port, so the case fails.
            Err(_) => Server::new(server.host.clone(), 1),
        });
        let store = RedisStore::open_with(config).await.map_err(HarnessError::failed)?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(store.clone());
        Ok(Node::of(store))
    }

    async fn inject(&self, index: usize, fault: Fault) -> Result<(), HarnessError> {
        self.proxies.inject(index, fault)
    }

    async fn cut(&self, index: usize) -> Result<(), HarnessError> {
        self.proxies.cut(index, Cut::Reset);
        Ok(())
    }

    async fn heal(&self, index: usize) -> Result<(), HarnessError> {
        self.proxies.heal(index);
        Ok(())
    }

    async fn crash(&self) -> Result<(), HarnessError> {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for store in open {
            store.close().await.map_err(HarnessError::failed)?;
        }
        Ok(())
    }

    async fn restart(&self) -> Result<(), HarnessError> {
        self.crash().await?;
        let mut in_use = self.in_use.lock().await;
        *in_use = None;
        let (alone, restart) = (Alone::take().await, self.servers.restart);
        // It goes on if nobody waits for it any more, and nobody is to come in between.
        let restarting = tokio::task::spawn_blocking(move || (restart(), alone));
        let (restarted, alone) = restarting.await.map_err(HarnessError::failed)?;
        *in_use = Some(alone.share());
        restarted.map_err(failed)
    }

    async fn damage(&self, record: &Damage) -> Result<(), HarnessError> {
        damage(self.servers.command, &self.name_of(&Namespace::default()), record)
    }

    /// Nothing has to be done for it: no process clock is ever read.
    async fn skew(&self, _: usize, _: Skew) -> Result<(), HarnessError> {
        Ok(())
    }
}
