use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fastestmcp_conformance::{Cluster, Damage, HarnessError, Node};
use fastestmcp_core::backend::Backend;
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::time::Clock;
use fastestmcp_store_sqlite::{SqliteConfig, SqliteStore};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::foreign::write_unchecked;

/// One data set: a file, which moves on to a copy of itself at a crash.
pub(crate) struct File {
    folder: tempfile::TempDir,
    clock: Arc<dyn Clock>,
    crashes: AtomicU32,
    open: Mutex<Vec<SqliteStore>>,
}

impl File {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Result<Self, HarnessError> {
        let folder = tempfile::tempdir().map_err(HarnessError::failed)?;
        Ok(Self { folder, clock, crashes: AtomicU32::new(0), open: Mutex::default() })
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.folder.path().join(format!("{}.db{ending}", self.crashes.load(Ordering::SeqCst)))
    }
}

#[async_trait]
impl Cluster for File {
    async fn node(&self, index: usize) -> Result<Node, HarnessError> {
        self.node_in(&Namespace::default(), index).await
    }

    async fn node_in(&self, namespace: &Namespace, _index: usize) -> Result<Node, HarnessError> {
        let config = SqliteConfig::new(self.path("")).namespace(namespace.clone()).clock(self.clock.clone());
        let store = SqliteStore::open_with(config).await.map_err(HarnessError::failed)?;
        self.open.lock().push(store.clone());
        Ok(Node::of(store))
    }

    /// What is on the disk at this moment is what survives; the log comes first, because a checkpoint copies from it.
    async fn crash(&self) -> Result<(), HarnessError> {
        let endings = ["-wal", ""];
        let before = endings.map(|ending| self.path(ending));
        self.crashes.fetch_add(1, Ordering::SeqCst);
        for (from, ending) in before.iter().zip(endings) {
            fs::copy(from, self.path(ending)).map_err(HarnessError::failed)?;
        }
        // Only now: dropping the last clone is an orderly end.
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

    async fn rows(&self) -> Result<u64, HarnessError> {
        count_rows(&self.path("")).map_err(HarnessError::failed)
    }

    async fn damage(&self, record: &Damage) -> Result<(), HarnessError> {
        let changed = match record {
            Damage::Task(id) => {
                let sql = "UPDATE task SET claims = 'damaged' WHERE name = ?1";
                write_unchecked(&self.path(""), "task", sql, [id.as_str().as_bytes()])
            }
            Damage::Scope(scope) => {
                let sql = "UPDATE scope SET created = 'damaged' WHERE kind = ?1 AND name = ?2";
                write_unchecked(&self.path(""), "scope", sql, (scope.kind.code(), scope.id.as_bytes()))
            }
            Damage::Entry(scope, key) => {
                let sql = "UPDATE entry SET version = 'damaged' WHERE key = ?3 AND scope = \
                           (SELECT id FROM scope WHERE kind = ?1 AND name = ?2)";
                let named = (scope.kind.code(), scope.id.as_bytes(), key.as_bytes());
                write_unchecked(&self.path(""), "entry", sql, named)
            }
            other => return Err(HarnessError::failed(format!("{other:?} is not known"))),
        };
        match changed.map_err(HarnessError::failed)? {
            1 => Ok(()),
            rows => Err(HarnessError::failed(format!("{record:?}: {rows} rows"))),
        }
    }
}

/// How many rows all tables have.
fn count_rows(path: &Path) -> rusqlite::Result<u64> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let count = |table: &String| {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u32>(0).map(u64::from))
    };
    tables.iter().map(count).sum()
}
