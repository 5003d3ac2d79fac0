//! The rows, by what they measure.

pub(crate) mod heap_rows;
pub(crate) mod idle_rows;
pub(crate) mod memory_load;
pub(crate) mod memory_sessions;
pub(crate) mod peer_rows;
pub(crate) mod postgres;
pub(crate) mod postgres_tasks;
pub(crate) mod postgres_values;
pub(crate) mod recovery_rows;
pub(crate) mod redis;
pub(crate) mod redis_tasks;
pub(crate) mod redis_values;
pub(crate) mod scale_rows;
pub(crate) mod server_rows;
pub(crate) mod slow_rows;
pub(crate) mod sqlite_values;
pub(crate) mod start_rows;
pub(crate) mod task_rows;
pub(crate) mod tasks;
pub(crate) mod trip_rows;
pub(crate) mod values;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::peer::{Peer, PeerPath};
use crate::report::BenchResult;

/// What a run was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Shorter rounds and smaller data: an impression, not a result.
    pub(crate) quick: bool,
    /// Where database files go.
    pub(crate) folder: PathBuf,
    /// Other libraries that can be started.
    pub(crate) peers: Vec<PeerPath>,
}

impl Options {
    /// How long one side of one round runs.
    pub(crate) fn window(&self) -> Duration {
        Duration::from_millis(if self.quick { 300 } else { 1_500 })
    }

    /// A fresh folder for database files, gone when dropped.
    pub(crate) fn folder(&self) -> io::Result<TempDir> {
        TempDir::with_prefix_in("fastestmcp-bench-", &self.folder)
    }

    /// Starts a peer, if it was given.
    pub(crate) fn peer(&self, name: &str) -> BenchResult<Option<Peer>> {
        self.peers.iter().find(|peer| peer.name == name).map(Peer::start).transpose()
    }
}
