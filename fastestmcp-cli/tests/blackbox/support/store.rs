use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use fastestmcp_test_servers::{Postgres, Redis};
use tempfile::TempDir;

/// What keeps the state of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Redis,
    Postgres,
}

/// A data set of its own, and how processes on it are started.
pub(crate) struct Store {
    url: String,
    lease: &'static str,
    _folder: Option<TempDir>,
}

impl Store {
    /// In a SQLite file, with a lease short enough that a takeover is no long wait.
    pub(crate) fn new() -> Arc<Self> {
        Self::with_lease("1s")
    }

    pub(crate) fn with_lease(lease: &'static str) -> Arc<Self> {
        Self::of(Engine::Sqlite, lease)
    }

    /// On a server that all tests share, each in its own namespace, or in a file.
    pub(crate) fn on(engine: Engine) -> Arc<Self> {
        Self::of(engine, "1s")
    }

    /// On a server of the test's own.
    pub(crate) fn at(url: &str, lease: &'static str) -> Arc<Self> {
        Arc::new(Self { url: url.to_owned(), lease, _folder: None })
    }

    /// The SQLite file.
    pub(crate) fn path(&self) -> &str {
        self.url.strip_prefix("sqlite:").unwrap()
    }

    fn of(engine: Engine, lease: &'static str) -> Arc<Self> {
        let folder = matches!(engine, Engine::Sqlite).then(|| TempDir::new().unwrap());
        let url = match (engine, &folder) {
            (Engine::Redis, _) => with_namespace(Redis::shared().unwrap().url()),
            (Engine::Postgres, _) => with_namespace(Postgres::shared().unwrap().url()),
            (Engine::Sqlite, folder) => {
                format!("sqlite:{}", folder.as_ref().unwrap().path().join("state.db").display())
            }
        };
        Arc::new(Self { url, lease, _folder: folder })
    }

    pub(crate) fn arguments(&self, more: &[&str]) -> Vec<String> {
        let own = ["--store", &self.url, "--lease", self.lease];
        own.iter().chain(more).map(|&argument| argument.to_owned()).collect()
    }
}

/// One that no other test has, nor an earlier run on the same server.
fn with_namespace(url: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let namespace = format!("blackbox-{}-{now}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}namespace={namespace}")
}
