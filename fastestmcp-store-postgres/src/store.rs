use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fastestmcp_core::backend::{Backend, Guarantees, Reach, SweepBudget, Swept, carry_out};
use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use fastestmcp_core::time::StoreTime;
use sqlx::{Row, raw_sql};

use crate::config::PostgresConfig;
use crate::connect::{Connected, set_up};
use crate::database::{Database, moment};
use crate::error::{Failure, site};
use crate::event::{Appends, Wakes};
use crate::migrate::{Unfit, migrate};
use crate::pooler::own_process;
use crate::schema::Schema;
use crate::session::{Commits, Loads};
use crate::sweep;
use crate::task::Tasks;

/// All three seams on one Postgres database. Clones share the connections.
///
/// Any number of stores on any number of nodes may share a schema. Operations need a tokio runtime with its I/O and time
/// drivers.
#[derive(Clone)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    config: PostgresConfig,
    database: Arc<Database>,
    commits: Commits,
    loads: Loads,
    appends: Appends,
    wakes: Arc<Wakes>,
    tasks: Tasks,
}

/// Longer timeouts are cut to a day, so that every deadline can be computed.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

impl PostgresStore {
    /// Opens `postgres://user:password@host/database?options`: see [`PostgresConfig::from_url`].
    ///
    /// # Errors
    /// As [`PostgresStore::open_with`]; `InvalidInput` for what is wrong with the URL.
    pub async fn open(url: &str) -> StoreResult<Self> {
        Self::open_with(PostgresConfig::from_url(url)?).await
    }

    /// Connects, and brings the schema to the format of this binary: it is made if it is missing, numbered migrations
    /// are applied once each, under a lock that all nodes share.
    ///
    /// # Errors
    /// - `Unavailable`: no server, a wrong password, or a server that is a standby or read-only.
    /// - `Unsupported`: a schema that needs a newer release, or that the role may not create or use; a pooler that is not
    ///   in session mode.
    /// - `Timeout`, `Contention`: another node is migrating.
    /// - `InvalidInput`: a schema name that cannot be quoted.
    pub async fn open_with(config: PostgresConfig) -> StoreResult<Self> {
        let config = PostgresConfig { timeout: config.timeout.min(LONGEST_TIMEOUT), ..config };
        let timeout = config.timeout;
        let inner = carry_out(site("open"), timeout, move |_| Inner::open(config)).await?;
        Ok(Self { inner: Arc::new(inner) })
    }

    pub(crate) fn database(&self) -> &Arc<Database> {
        &self.inner.database
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    pub(crate) fn commits(&self) -> &Commits {
        &self.inner.commits
    }

    pub(crate) fn loads(&self) -> &Loads {
        &self.inner.loads
    }

    pub(crate) fn appends(&self) -> &Appends {
        &self.inner.appends
    }

    pub(crate) fn wakes(&self) -> &Arc<Wakes> {
        &self.inner.wakes
    }
}

impl Inner {
    async fn open(config: PostgresConfig) -> StoreResult<Self> {
        let schema = Schema::new(&config.schema)?;
        let site = site("open");
        let failed = |failure: Failure| failure.of_read(site);
        let connection = own_process(&config.connect, config.timeout / 2).await.map_err(failed)?;
        let Connected { mut connection, durability } = set_up(connection, config.timeout).await.map_err(failed)?;
        migrate(&mut connection, &schema).await.map_err(|unfit| match unfit {
            Unfit::Failed(failure) => failed(failure),
            newer @ Unfit::Newer(_) => site.error(StoreErrorKind::Unsupported, newer.to_string()),
        })?;
        let raise = raw_sql(schema.render(include_str!("../sql/counter_raise.sql")));
        raise.execute(&mut connection).await.map_err(|error| failed(Failure::Connect(error)))?;
        let namespace = sqlx::query(schema.render(include_str!("../sql/namespace_open.sql")))
            .persistent(false)
            .bind(config.namespace.as_str().as_bytes())
            .fetch_one(&mut connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(|error| failed(Failure::Connect(error)))?;
        let database = Arc::new(Database::new(&config, durability, schema, namespace));
        Ok(Self {
            commits: Commits::new(database.clone()),
            loads: Loads::new(database.clone()),
            appends: Appends::new(database.clone()),
            wakes: Arc::new(Wakes::new(&database)),
            tasks: Tasks::new(&database),
            database,
            config,
        })
    }

    fn shut_down(&self) {
        self.wakes.close();
        self.database.pool.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shut_down();
    }
}

#[async_trait]
impl Backend for PostgresStore {
    fn guarantees(&self) -> Guarantees {
        let mut guarantees = Guarantees::new(self.database().pool.promised(), Reach::Cluster);
        guarantees.failover_may_lose = !self.inner.config.lossless_failover;
        guarantees
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        let database = self.database();
        let statement = database.statement(include_str!("../sql/ping.sql")).bind(database.at());
        database
            .read(site("ping"), statement, |rows| {
                let row = rows.first().ok_or(Failure::Corrupt("a ping without a row"))?;
                row.try_get(0).map(moment).map_err(Failure::Sent)
            })
            .await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        sweep::run(self.database(), budget).await
    }

    /// Later operations are `Unavailable`, the connections are closed.
    async fn close(&self) -> StoreResult<()> {
        self.inner.shut_down();
        Ok(())
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("config", &self.inner.config).finish_non_exhaustive()
    }
}
