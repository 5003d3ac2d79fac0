use fastestmcp_core::backend::Backend;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use fastestmcp_conformance::chaos::{ChaosProxies, Cut};
use fastestmcp_conformance::{Cluster, Damage, Fault, HarnessError, Node, Skew};
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::time::Clock;
use fastestmcp_store_redis::{Deployment, RedisConfig, RedisStore, Server};
use fastestmcp_test_servers::{Redis, ServerError};

#[path = "damage.rs"]
mod damage;
#[path = "operation.rs"]
mod operation;

use damage::damage;
use operation::is_operation;

/// Counts fields, members and events of all keys. Fields of one byte are counters, of which every part has its own.
const ROWS: &str = r"
local count = { zset = 'ZCARD', set = 'SCARD', list = 'LLEN', stream = 'XLEN' }
local rows = 0
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key)['ok']
  if kind == 'hash' then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      if #field > 1 then rows = rows + 1 end
    end
  else
    rows = rows + (count[kind] and redis.call(count[kind], key) or 1)
  end
end
return tostring(rows)
";

/// Servers that are free, and how many data sets there have been.
static POOL: Mutex<Vec<Redis>> = Mutex::new(Vec::new());
static DATA_SETS: AtomicU64 = AtomicU64::new(0);

/// One data set: an empty server for itself, each node behind a proxy of its own. On a server that was there
/// before: namespaces of its own.
pub(crate) struct DataSet {
    /// `None` if the server is one that was there before.
    server: Option<Redis>,
    url: String,
    upstream: String,
    proxies: ChaosProxies,
    prefix: String,
    clock: Option<Arc<dyn Clock>>,
    open: Mutex<Vec<RedisStore>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(error: ServerError) -> HarnessError {
    match error {
        ServerError::LeftOut(_) => HarnessError::Unsupported(error.to_string()),
        ServerError::Unsupported(hook) => HarnessError::Unsupported(format!("the server is not ours: {hook}")),
        error => HarnessError::failed(error),
    }
}

impl DataSet {
    pub(crate) fn new(clock: Option<Arc<dyn Clock>>) -> Result<Self, HarnessError> {
        let server = match std::env::var_os("FASTESTMCP_TEST_REDIS_URL") {
            Some(_) => None,
            None => {
                let free = lock(&POOL).pop();
                let server = free.map_or_else(Redis::start, Ok).map_err(failed)?;
                server.command(&["FLUSHALL"]).map_err(failed)?;
                Some(server)
            }
        };
        let url = match &server {
            Some(server) => server.url().to_owned(),
            None => Redis::shared().map_err(failed)?.url().to_owned(),
        };
        let Deployment::Standalone(Server { host, port }) =
            RedisConfig::from_url(&url).map_err(HarnessError::failed)?.deployment
        else {
            return Err(HarnessError::failed("the URL is not of one server"));
        };
        let number = DATA_SETS.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            server,
            url,
            upstream: format!("{host}:{port}"),
            proxies: ChaosProxies::new(is_operation),
            prefix: format!("{}-{number}", std::process::id()),
            clock,
            open: Mutex::default(),
        })
    }

    fn server(&self, hook: &'static str) -> Result<&Redis, HarnessError> {
        self.server.as_ref().ok_or_else(|| failed(ServerError::Unsupported(hook)))
    }

    fn name_of(&self, namespace: &Namespace) -> String {
        match self.server {
            Some(_) => namespace.as_str().to_owned(),
            None => format!("{}/{}", self.prefix, namespace.as_str()),
        }
    }

    async fn end_nodes(&self) -> Result<(), HarnessError> {
        let open = std::mem::take(&mut *lock(&self.open));
        for store in open {
            store.close().await.map_err(HarnessError::failed)?;
        }
        Ok(())
    }
}

impl Drop for DataSet {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            lock(&POOL).push(server);
        }
    }
}

#[async_trait]
impl Cluster for DataSet {
    async fn node(&self, index: usize) -> Result<Node, HarnessError> {
        self.node_in(&Namespace::default(), index).await
    }

    async fn node_in(&self, namespace: &Namespace, index: usize) -> Result<Node, HarnessError> {
        let address = self.proxies.address(index, &self.upstream)?;
        let name = self.name_of(namespace);
        let mut config = RedisConfig::from_url(&self.url).map_err(HarnessError::failed)?;
        config.deployment = Deployment::Standalone(Server::new(address.ip().to_string(), address.port()));
        config.namespace = Namespace::new(name).ok_or_else(|| HarnessError::failed("too long a namespace"))?;
        config.clock = self.clock.clone();
        let store = RedisStore::open_with(config).await.map_err(HarnessError::failed)?;
        lock(&self.open).push(store.clone());
        Ok(Node::of(store))
    }

    async fn inject(&self, index: usize, fault: Fault) -> Result<(), HarnessError> {
        self.proxies.inject(index, fault)
    }

    /// The server dies with the nodes: what was acknowledged survives that, too.
    async fn crash(&self) -> Result<(), HarnessError> {
        self.end_nodes().await?;
        let server = self.server("crash")?;
        server.kill().map_err(failed)?;
        server.start_again().map_err(failed)
    }

    async fn restart(&self) -> Result<(), HarnessError> {
        self.end_nodes().await?;
        self.server("restart")?.restart().map_err(failed)
    }

    async fn cut(&self, index: usize) -> Result<(), HarnessError> {
        self.proxies.cut(index, Cut::Reset);
        Ok(())
    }

    async fn heal(&self, index: usize) -> Result<(), HarnessError> {
        self.proxies.heal(index);
        Ok(())
    }

    async fn rows(&self) -> Result<u64, HarnessError> {
        let counted = self.server("rows")?.command(&["EVAL", ROWS, "0"]).map_err(failed)?;
        counted.trim().parse().map_err(|_| HarnessError::failed(format!("no number of rows: {counted}")))
    }

    async fn damage(&self, record: &Damage) -> Result<(), HarnessError> {
        let server = self.server("damage")?;
        damage(|words| server.command(words), &self.name_of(&Namespace::default()), record)
    }

    /// Nothing has to be done for it: no process clock is ever read.
    async fn skew(&self, _: usize, _: Skew) -> Result<(), HarnessError> {
        Ok(())
    }
}
