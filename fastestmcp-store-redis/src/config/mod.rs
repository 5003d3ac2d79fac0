mod addresses;
mod url;

pub use self::addresses::AddressMap;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::Durability;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::time::Clock;

/// The address of one server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Server {
    /// A server.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How Redis is run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deployment {
    /// One server, or whatever stands behind one address.
    Standalone(Server),
    /// A primary with replicas, found through Sentinels.
    Sentinel {
        /// Some of the Sentinels.
        sentinels: Vec<Server>,
        /// The name that the Sentinels know the primary by.
        master: String,
    },
    /// A Redis Cluster.
    Cluster {
        /// Some of its nodes; the others are learnt from them.
        seeds: Vec<Server>,
    },
}

/// Who connects.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// The ACL user; Redis's default user if there is none.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "<hidden>");
        f.debug_struct("Login").field("user", &self.user).field("password", &password).finish()
    }
}

/// TLS to every server, Sentinels included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tls {
    /// A PEM file with the certificates to trust, instead of those of the operating system.
    pub ca: Option<PathBuf>,
    /// Accept any certificate. The connection is then encrypted, but anyone may be at its other end.
    pub insecure: bool,
}

impl Tls {
    /// Trusts the certificates in a PEM file instead of those of the operating system.
    #[must_use]
    pub fn ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca = Some(file.into());
        self
    }

    /// Accepts any certificate: anyone may be at the other end.
    #[must_use]
    pub const fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }
}

/// How to open a [`RedisStore`](crate::RedisStore).
///
/// ```
/// use std::time::Duration;
/// use fastestmcp_store_redis::{Deployment, RedisConfig, Server};
///
/// let config = RedisConfig::from_url("rediss://app:secret@redis.internal:6380/2?namespace=shop&timeout=3s")?;
/// assert!(!format!("{config:?}").contains("secret"));
///
/// let config = RedisConfig::new(Deployment::Standalone(Server::new("localhost", 6379))).timeout(Duration::from_secs(3));
/// # Ok::<(), fastestmcp_core::error::StoreError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisConfig {
    /// Where the servers are.
    pub deployment: Deployment,
    /// Who connects to Redis.
    pub login: Login,
    /// Who connects to the Sentinels.
    pub sentinel_login: Login,
    /// The database number; a Cluster has only 0.
    pub database: u16,
    /// TLS, if it is to be used.
    pub tls: Option<Tls>,
    /// Where servers are reached that cannot be reached at their own addresses.
    pub addresses: Option<AddressMap>,
    /// The tenant this handle belongs to (G8).
    pub namespace: Namespace,
    /// How long an operation may take before it ends with `Timeout` (G5): 5 s.
    pub timeout: Duration,
    /// Open even if `maxmemory-policy` lets Redis drop keys when its memory is full.
    pub allow_eviction: bool,
    /// What the operator asserts that acknowledged writes survive, instead of what can be seen (G11).
    pub durability: Option<Durability>,
    /// Into how many parts a new namespace is divided, 1 to 256. What is stored when the namespace is first opened holds
    /// ever after. Default: 256 on a Cluster, where parts are what nodes share out among them; 1 elsewhere, where more
    /// would only keep concurrent commits apart.
    pub parts: Option<u16>,
    /// Stands in for Redis's clock (G2). For tests.
    pub clock: Option<Arc<dyn Clock>>,
}

impl RedisConfig {
    /// The defaults for a deployment.
    pub fn new(deployment: Deployment) -> Self {
        Self {
            deployment,
            login: Login::default(),
            sentinel_login: Login::default(),
            database: 0,
            tls: None,
            addresses: None,
            namespace: Namespace::default(),
            timeout: Duration::from_secs(5),
            allow_eviction: false,
            durability: None,
            parts: None,
            clock: None,
        }
    }

    /// What a URL says:
    ///
    /// | | |
    /// |---|---|
    /// | `redis://[user:password@]host[:port][/database]` | one server |
    /// | `redis+sentinel://[user:password@]host[:port],…/master[/database]` | a primary behind Sentinels |
    /// | `redis+cluster://[user:password@]host[:port],…` | a Cluster |
    /// | `rediss://…`, `rediss+sentinel://…`, `rediss+cluster://…` | the same with TLS |
    ///
    /// User, password, master and options are percent-decoded. Options, after `?` and separated by `&`:
    ///
    /// | | |
    /// |---|---|
    /// | `namespace=name` | [`RedisConfig::namespace`] |
    /// | `timeout=3s`, `timeout=500ms` | [`RedisConfig::timeout`] |
    /// | `allow-eviction=true` | [`RedisConfig::allow_eviction`] |
    /// | `durability=volatile`, `process-crash` or `power-loss` | [`RedisConfig::durability`] |
    /// | `parts=16` | [`RedisConfig::parts`] |
    /// | `ca=/path/ca.pem`, `insecure=true` | [`Tls`], with `rediss` only |
    /// | `sentinel-user=name`, `sentinel-password=word` | [`RedisConfig::sentinel_login`] |
    ///
    /// # Errors
    /// `InvalidInput`: not such a URL, or an option that is unknown or cannot be understood. The error shows nothing of
    /// the URL but the name of an option that is known.
    pub fn from_url(url: &str) -> StoreResult<Self> {
        url::parse(url)
    }

    /// Sets who connects.
    #[must_use]
    pub fn login(mut self, user: Option<String>, password: Option<String>) -> Self {
        self.login = Login { user, password };
        self
    }

    /// Sets who connects to the Sentinels.
    #[must_use]
    pub fn sentinel_login(mut self, user: Option<String>, password: Option<String>) -> Self {
        self.sentinel_login = Login { user, password };
        self
    }

    /// Sets the database number.
    #[must_use]
    pub const fn database(mut self, database: u16) -> Self {
        self.database = database;
        self
    }

    /// Uses TLS.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sets where a server is reached. Sentinels and the nodes of a Cluster name servers by the addresses that they know
    /// each other by; behind NAT, a tunnel or in containers those may be of no use here. Every address goes through
    /// `map` before it is connected to, those of the deployment included; TLS verifies what it answers.
    #[must_use]
    pub fn addresses(mut self, map: impl Fn(&Server) -> Server + Send + Sync + 'static) -> Self {
        self.addresses = Some(AddressMap::new(map));
        self
    }

    /// Sets the namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespace = namespace;
        self
    }

    /// Sets how long an operation may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Opens even if Redis may drop keys when its memory is full.
    #[must_use]
    pub const fn allow_eviction(mut self) -> Self {
        self.allow_eviction = true;
        self
    }

    /// Asserts what acknowledged writes survive.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// Sets into how many parts a new namespace is divided.
    #[must_use]
    pub const fn parts(mut self, parts: u16) -> Self {
        self.parts = Some(parts);
        self
    }

    /// Replaces Redis's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }
}
