//! Where a test works: a schema of its own on the server that all tests share.

use std::sync::atomic::{AtomicUsize, Ordering};

use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, SessionStateStore, SessionStateStoreExt,
};
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use fastestmcp_test_servers::Postgres;
use std::time::Duration;

static SCHEMAS: AtomicUsize = AtomicUsize::new(0);

pub(crate) struct Place {
    pub(crate) server: &'static Postgres,
    pub(crate) schema: String,
}

impl Place {
    /// A missing server fails the test.
    pub(crate) fn new() -> Self {
        let number = SCHEMAS.fetch_add(1, Ordering::SeqCst);
        Self { server: Postgres::shared().unwrap(), schema: format!("test {} {number}", std::process::id()) }
    }

    pub(crate) fn config(&self) -> PostgresConfig {
        PostgresConfig::from_url(self.server.url()).unwrap().schema(&self.schema)
    }

    pub(crate) async fn open(&self) -> PostgresStore {
        PostgresStore::open_with(self.config()).await.unwrap()
    }

    /// `{schema}` is this one, quoted.
    pub(crate) fn psql(&self, sql: &str) -> String {
        self.server.psql(&sql.replace("{schema}", &format!("\"{}\"", self.schema))).unwrap()
    }

    /// The server processes that work for `store`, told by the name its connections go by.
    pub(crate) fn terminate(&self, name: &str) -> usize {
        let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = ";
        self.server.psql(&format!("{ended}'{name}'")).unwrap().parse().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.server.psql(&format!("DROP SCHEMA IF EXISTS \"{}\" CASCADE", self.schema));
    }
}

pub(crate) const LIVING: Lifetime = Lifetime { ttl: Duration::from_secs(3_600), max_life: None };

pub(crate) fn scope(id: &str) -> Scope {
    Scope::new(ScopeKind::Session, id)
}

pub(crate) fn put(id: &str, value: &str) -> CommitRequest {
    CommitRequest::new(scope(id), CommitRule::CreateIfMissing(LIVING), vec![Op::put("key", value.to_owned())])
}

pub(crate) async fn write(store: &PostgresStore, id: &str, value: &str) {
    let done = store.commit(put(id, value)).await.unwrap().value;
    assert!(matches!(done, CommitOutcome::Committed(_)), "{done:?}");
}

pub(crate) async fn read(store: &PostgresStore, id: &str) -> Option<String> {
    let entry = store.get(&scope(id), "key").await.unwrap();
    entry.map(|entry| String::from_utf8(entry.value.to_vec()).unwrap())
}
