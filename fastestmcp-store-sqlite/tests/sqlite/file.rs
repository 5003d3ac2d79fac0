use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::error::StoreError;
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, SessionStateStore,
};
use fastestmcp_store_sqlite::{SqliteConfig, SqliteStore, Synchronous};

/// A folder with one database file, removed at the end of the test.
pub(crate) struct File {
    folder: tempfile::TempDir,
}

impl File {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    pub(crate) fn config(&self) -> SqliteConfig {
        SqliteConfig::new(self.path())
    }

    /// For tests that are not about losing power, since they need no fsync.
    pub(crate) fn quick(&self) -> SqliteConfig {
        self.config().synchronous(Synchronous::Normal)
    }

    pub(crate) fn raw(&self) -> rusqlite::Connection {
        raw(&self.path())
    }

    pub(crate) fn assert_sound(&self) {
        let verdict: String = self.raw().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
    }
}

pub(crate) fn raw(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

pub(crate) async fn open(config: SqliteConfig) -> SqliteStore {
    SqliteStore::open_with(config).await.unwrap()
}

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const CREATE: CommitRule = CommitRule::CreateIfMissing(Lifetime { ttl: HOUR, max_life: None });

pub(crate) fn session(id: &str) -> Scope {
    Scope::new(ScopeKind::Session, id)
}

/// Puts one value into a session of its own.
pub(crate) async fn put(store: &SqliteStore, id: &str, value: impl Into<Bytes>) -> Result<(), StoreError> {
    let request = CommitRequest::new(session(id), CREATE, vec![Op::put("k", value)]);
    let outcome = store.commit(request).await?.value;
    assert!(matches!(outcome, CommitOutcome::Committed(_)), "{outcome:?}");
    Ok(())
}

/// The value that [`put`] stored.
pub(crate) async fn get(store: &SqliteStore, id: &str) -> Option<Bytes> {
    let loaded = store.load(&session(id), &["k"], None).await.unwrap().value;
    loaded.entries.into_iter().flatten().next().map(|entry| entry.value)
}
