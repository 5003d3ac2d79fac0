use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::ids::Namespace;
use fastestmcp_core::time::Clock;

/// What a commit waits for before it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// The device has it: acknowledged writes survive a loss of power.
    #[default]
    Full,
    /// The operating system has it: acknowledged writes survive the death of the process, not a loss of power.
    Normal,
}

/// How to open a [`SqliteStore`](crate::SqliteStore).
///
/// ```
/// use fastestmcp_store_sqlite::{SqliteConfig, Synchronous};
///
/// let config = SqliteConfig::new("state.db").synchronous(Synchronous::Normal).readers(4);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// The database file. It is created if it is missing; its folder is not.
    pub path: PathBuf,
    /// The tenant this handle belongs to (G8).
    pub namespace: Namespace,
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// How long an operation may take before it ends with `Timeout` (G5): 5 s. Zero is refused.
    pub timeout: Duration,
    /// Threads that read, each with a connection of its own: 2. At least 1, at most 64.
    pub readers: usize,
    /// How large the file may grow; beyond it writes end with `StorageFull`. Unbounded by default.
    pub max_file_bytes: Option<u64>,
    /// Takes the store's time back to the host's clock at the opening, if it is ahead: off by default.
    pub rewind_clock: bool,
    /// Stands in for the host's clock (G2). For tests.
    pub clock: Option<Arc<dyn Clock>>,
}

impl SqliteConfig {
    /// The defaults for a file.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            namespace: Namespace::default(),
            synchronous: Synchronous::default(),
            timeout: Duration::from_secs(5),
            readers: 2,
            max_file_bytes: None,
            rewind_clock: false,
            clock: None,
        }
    }

    /// Sets the namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespace = namespace;
        self
    }

    /// Sets what a commit waits for.
    #[must_use]
    pub const fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Sets how long an operation may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the number of reading threads; at least 1, at most 64.
    #[must_use]
    pub const fn readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }

    /// Bounds the size of the file.
    #[must_use]
    pub const fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.max_file_bytes = Some(bytes);
        self
    }

    /// Takes the store's time back to the host's clock, if it is ahead: the remedy after the host's clock once jumped far
    /// ahead, which the store's time follows and never returns from by itself. All stored moments move with it, so what
    /// lived has as long to live as before. Refused with `Contention` while another handle has the file open. For one
    /// start, not for good: with a clock that starts too early, as a board without battery has it, it would do harm.
    #[must_use]
    pub const fn rewind_clock(mut self) -> Self {
        self.rewind_clock = true;
        self
    }

    /// Replaces the host's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }
}
