use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fastestmcp_core::backend::{Backend, Guarantees, Site, SweepBudget, Swept, carry_out};
use fastestmcp_core::error::{StoreError, StoreResult};
use fastestmcp_core::event::WakeHub;
use fastestmcp_core::ids::{Namespace, random_bytes};
use fastestmcp_core::limits::{Limits, Refused};
use fastestmcp_core::time::StoreTime;
use redis::Value;
use tokio::time::{Instant, timeout};

use crate::call::Call;
use crate::config::{Deployment, RedisConfig};
use crate::error::{BACKEND, Failure};
use crate::event::{Listener, Wakes};
use crate::open::open_namespace;
use crate::parts::Parts;
use crate::promises::Promises;
use crate::script::Access;
pub(crate) use crate::servers::Servers;
use crate::session::Groups;
use crate::sweep;
use crate::tag::Tag;
use crate::task::TaskRuns;

/// All three seams on Redis. Clones share the connections.
///
/// Operations need a tokio runtime with its time and network drivers.
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    config: RedisConfig,
    promises: Arc<Promises>,
    limits: Limits,
    servers: Arc<Servers>,
    parts: Arc<Parts>,
    groups: Groups,
    wakes: Wakes,
    listener: Listener,
    tasks: TaskRuns,
    /// Sweeps so far.
    sweeps: AtomicUsize,
}

/// Longer timeouts are cut to a day, so that every deadline can be computed.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

impl RedisStore {
    /// Opens what a URL names, as [`RedisConfig::from_url`] understands it.
    ///
    /// # Errors
    /// As [`RedisConfig::from_url`] and [`RedisStore::open_with`].
    pub async fn open(url: &str) -> StoreResult<Self> {
        Self::open_with(RedisConfig::from_url(url)?).await
    }

    /// Connects, and founds the namespace if it is new.
    ///
    /// # Errors
    /// - `Unavailable`: no server can be reached, none is the primary, or the login is refused. `Timeout`.
    /// - `Unsupported`: a server older than Redis 6.2, one whose `maxmemory-policy` drops state
    ///   ([`RedisConfig::allow_eviction`]), a namespace whose format is newer than this release understands.
    /// - `Corrupt`: something else is stored under the namespace's keys.
    pub async fn open_with(mut config: RedisConfig) -> StoreResult<Self> {
        config.timeout = config.timeout.min(LONGEST_TIMEOUT);
        let opening = timeout(config.timeout, Inner::open(config));
        let opened = opening.await.unwrap_or(Err(Failure::Late)).map_err(|failure| failure.of_read("open"))?;
        Ok(Self { inner: Arc::new(opened) })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.inner.config.timeout
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        &self.inner.config.namespace
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    pub(crate) fn groups(&self) -> &Groups {
        &self.inner.groups
    }

    pub(crate) fn wakes(&self) -> &Wakes {
        &self.inner.wakes
    }

    pub(crate) fn listener(&self) -> &Listener {
        &self.inner.listener
    }

    pub(crate) fn task_runs(&self) -> &TaskRuns {
        &self.inner.tasks
    }

    pub(crate) fn next_sweep(&self) -> usize {
        self.inner.sweeps.fetch_add(1, Ordering::Relaxed)
    }

    /// Carries out a script that only reads.
    pub(crate) async fn read(&self, operation: &'static str, call: Call) -> StoreResult<Value> {
        debug_assert_eq!(call.script.access(), Access::Read, "{operation}");
        let servers = self.inner.servers.clone();
        carry_out(Site { backend: BACKEND, operation }, self.timeout(), |_| async move {
            servers.run(&call, None).await.map_err(|failure| failure.of_read(operation))
        })
        .await
    }

    /// Carries out a script that writes, at most once.
    pub(crate) async fn write(&self, operation: &'static str, call: Call) -> StoreResult<Value> {
        let servers = self.inner.servers.clone();
        carry_out(Site { backend: BACKEND, operation }, self.timeout(), |ticket| async move {
            servers.run(&call, Some(&ticket)).await.map_err(|failure| failure.of_write(operation))
        })
        .await
    }

    /// The store's time.
    pub(crate) async fn time(&self, operation: &'static str) -> StoreResult<StoreTime> {
        let (servers, slot) = (self.inner.servers.clone(), self.parts().tag(0).slot());
        let deadline = Instant::now() + self.timeout();
        carry_out(Site { backend: BACKEND, operation }, self.timeout(), |_| async move {
            servers.time(slot, deadline).await.map_err(|failure| failure.of_read(operation))
        })
        .await
    }
}

impl Inner {
    async fn open(config: RedisConfig) -> Result<Self, Failure> {
        let fails_over = !matches!(config.deployment, Deployment::Standalone(_));
        let promises = Arc::new(Promises::new(&config, fails_over));
        let servers = Servers::new(&config, &promises)?;
        // What is declared is what the weakest of them holds.
        for link in servers.route().primaries().await? {
            link.wire().await?;
        }
        let count = open_namespace(&servers, &config, Instant::now() + config.timeout).await?;
        let (servers, parts) = (Arc::new(servers), Arc::new(Parts::new(&config.namespace, count)));
        let hub = Arc::new(WakeHub::new());
        let tag = Tag::new(&config.namespace, "wake");
        let origin =
            random_bytes().map_err(|_| Failure::NoServer("there is no source of random numbers".to_owned()))?;
        let origin = u64::from_be_bytes(origin);
        promises.open();
        Ok(Self {
            groups: Groups::new(&servers, &parts),
            wakes: Wakes::new(&servers, &tag, &hub, origin),
            listener: Listener::new(&servers, &tag, &hub, origin),
            tasks: TaskRuns::new(&servers, &Tag::new(&config.namespace, "tasks")),
            sweeps: AtomicUsize::new(0),
            config,
            limits: promises.declared().limits,
            promises,
            servers,
            parts,
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.servers.close();
    }
}

/// What a refused request is answered with.
pub(crate) fn refuse(operation: &'static str) -> impl FnOnce(Refused) -> StoreError {
    move |refused| refused.into_error(BACKEND, operation)
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for RedisStore {
    fn guarantees(&self) -> Guarantees {
        self.inner.promises.declared()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        self.time("ping").await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        sweep::run(self, budget).await
    }

    /// Ends the connections. What is under way ends as if they had been lost; later operations are `Unavailable`.
    async fn close(&self) -> StoreResult<()> {
        self.inner.servers.close();
        Ok(())
    }
}
