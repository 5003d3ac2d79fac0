use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use fastestmcp_conformance::chaos::{ChaosProxies, Cut};
use fastestmcp_conformance::{Cluster, Damage, Fault, HarnessError, Node, Skew};
use fastestmcp_core::backend::Backend;
use fastestmcp_core::ids::{MAX_ID_BYTES, Namespace};
use fastestmcp_core::session::Scope;
use fastestmcp_core::time::Clock;
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use fastestmcp_test_servers::{Postgres, ServerError};
use parking_lot::Mutex;
use url::Url;

static SPACES: AtomicUsize = AtomicUsize::new(0);

/// One data set: a namespace of the server at `url`, which all cases share.
pub(crate) struct Space {
    name: String,
    url: Url,
    upstream: String,
    proxies: ChaosProxies,
    clock: Option<Arc<dyn Clock>>,
    open: Mutex<Vec<PostgresStore>>,
}

impl Space {
    pub(crate) fn new(url: &str, clock: Option<Arc<dyn Clock>>) -> Result<Self, HarnessError> {
        let url = Url::parse(url).map_err(HarnessError::failed)?;
        let upstream = format!("{}:{}", url.host_str().unwrap_or("127.0.0.1"), url.port().unwrap_or(5432));
        let name = format!("{}/{}", std::process::id(), SPACES.fetch_add(1, Ordering::SeqCst));
        let proxies = ChaosProxies::new(is_request);
        Ok(Self { name, url, upstream, proxies, clock, open: Mutex::default() })
    }

    async fn open(&self, namespace: &str, index: usize) -> Result<Node, HarnessError> {
        let address = self.proxies.address(index, &self.upstream)?;
        let mut url = self.url.clone();
        let moved = url.set_ip_host(address.ip()).and_then(|()| url.set_port(Some(address.port())));
        moved.map_err(|()| HarnessError::failed("the URL of the server has no host"))?;
        let namespace = Namespace::new(namespace).ok_or_else(|| HarnessError::failed("a namespace without a name"))?;
        let config = PostgresConfig::from_url(url.as_str()).map_err(HarnessError::failed)?.namespace(namespace).pool(4);
        let config = self.clock.iter().fold(config, |config, clock| config.clock(clock.clone()));
        let store = PostgresStore::open_with(config).await.map_err(HarnessError::failed)?;
        self.open.lock().push(store.clone());
        Ok(Node::of(store))
    }
}

/// Why there is no server: one that is left out on purpose fails nothing.
pub(crate) fn missing(error: ServerError) -> HarnessError {
    match error {
        ServerError::LeftOut(_) => HarnessError::Unsupported(error.to_string()),
        error => HarnessError::failed(error),
    }
}

/// Operations use the extended protocol: Bind, before it Parse if the connection has not seen the statement yet. What
/// sets a connection up, asks whether it lives, or listens does not.
fn is_request(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(b'B' | b'P'))
}

#[async_trait]
impl Cluster for Space {
    async fn node(&self, index: usize) -> Result<Node, HarnessError> {
        self.open(&self.name, index).await
    }

    async fn node_in(&self, namespace: &Namespace, index: usize) -> Result<Node, HarnessError> {
        let name = format!("{}/{}", self.name, namespace.as_str());
        // What is as long as a namespace may be stays so.
        self.open(name.get(..MAX_ID_BYTES).unwrap_or(&name), index).await
    }

    async fn inject(&self, index: usize, fault: Fault) -> Result<(), HarnessError> {
        self.proxies.inject(index, fault)
    }

    /// Nothing that a node holds survives: all of it is on the server.
    async fn crash(&self) -> Result<(), HarnessError> {
        self.open.lock().clear();
        Ok(())
    }

    async fn restart(&self) -> Result<(), HarnessError> {
        let open = std::mem::take(&mut *self.open.lock());
        for store in open {
            store.close().await.map_err(HarnessError::failed)?;
        }
        Ok(())
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
        let name: String = self.name.bytes().map(|byte| format!("{byte:02x}")).collect();
        let ns = format!("(SELECT id FROM fastestmcp.namespace WHERE name = '\\x{name}')");
        let of_ns = ["scope", "entry", "grave", "task", "task_head", "topic"]
            .map(|table| format!("(SELECT count(*) FROM fastestmcp.{table} WHERE ns = {ns})"));
        // What has no namespace of its own belongs to something that has one, or else to nothing.
        let parts = [("task_spec", "id", "task_head"), ("task_state", "id", "task_head"), ("event", "topic", "topic")]
            .map(|(table, column, whole)| {
                format!(
                    "(SELECT count(*) FROM fastestmcp.{table} p LEFT JOIN fastestmcp.{whole} w ON w.id = p.{column} \
                     WHERE w.ns = {ns} OR w.id IS NULL)"
                )
            });
        let sql = format!("SELECT {}", [of_ns.as_slice(), parts.as_slice()].concat().join(" + "));
        let counted = Postgres::shared().and_then(|server| server.psql(&sql)).map_err(HarnessError::failed)?;
        counted.trim().parse().map_err(|_| HarnessError::failed(format!("no number of rows: {counted}")))
    }

    async fn damage(&self, record: &Damage) -> Result<(), HarnessError> {
        let hex = |name: &str| name.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let ns = format!("ns = (SELECT id FROM fastestmcp.namespace WHERE name = '\\x{}')", hex(&self.name));
        let row = |scope: &Scope| format!("{ns} AND kind = {} AND name = '\\x{}'", scope.kind.code(), hex(&scope.id));
        let damage = match record {
            Damage::Task(id) => {
                format!("UPDATE fastestmcp.task_head SET status = -1 WHERE {ns} AND name = '\\x{}'", hex(id.as_str()))
            }
            Damage::Scope(scope) => format!("UPDATE fastestmcp.scope SET created = -1 WHERE {}", row(scope)),
            Damage::Entry(scope, key) => format!(
                "UPDATE fastestmcp.entry SET version = -1 WHERE key = '\\x{}' \
                 AND scope = (SELECT id FROM fastestmcp.scope WHERE {})",
                hex(key),
                row(scope)
            ),
            other => return Err(HarnessError::Unsupported(format!("{other:?}"))),
        };
        let changed = Postgres::shared().and_then(|server| server.psql(&format!("{damage} RETURNING 1")));
        match changed.map_err(HarnessError::failed)?.as_str() {
            "1" => Ok(()),
            other => Err(HarnessError::failed(format!("{record:?} is not there: {other}"))),
        }
    }

    /// Nobody reads the clock of a process: there is nothing to move.
    async fn skew(&self, _index: usize, _by: Skew) -> Result<(), HarnessError> {
        Ok(())
    }
}
