#![doc = include_str!("../README.md")]

mod clock;
mod config;
mod error;
mod event;
mod position;
mod session;
mod space;
mod sweep;
mod task;

pub use config::MemoryConfig;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_core::backend::{Backend, Durability, Guarantees, Reach, SweepBudget, Swept};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::limits::Limits;
use fastestmcp_core::time::StoreTime;
use parking_lot::Mutex;

use crate::clock::StoreClock;
use crate::space::{Sequence, Space};

/// The in-process store: all three seams on one data set.
///
/// A clone is another handle on the same data and namespace, cheap to make. Every operation is over when its future is
/// first polled, so dropping a future leaves nothing half done (G6).
#[derive(Clone)]
pub struct MemoryStore {
    data: Arc<Data>,
    space: Arc<Space>,
}

/// What all namespaces of one data set share.
struct Data {
    clock: StoreClock,
    sequence: Sequence,
    limits: Limits,
    spaces: Mutex<HashMap<Namespace, Arc<Space>>>,
}

impl MemoryStore {
    /// An empty data set, opened at the default namespace.
    pub fn new() -> Self {
        Self::with_config(MemoryConfig::default())
    }

    /// An empty data set.
    pub fn with_config(config: MemoryConfig) -> Self {
        let data = Data {
            clock: StoreClock::new(config.clock),
            sequence: Sequence::default(),
            limits: Limits::default(),
            spaces: Mutex::default(),
        };
        Self::open(Arc::new(data), config.namespace)
    }

    /// A handle on another namespace of the same data set (G8).
    #[must_use]
    pub fn namespace(&self, namespace: Namespace) -> Self {
        Self::open(self.data.clone(), namespace)
    }

    /// How many records this data set holds in all its namespaces, with their places in indexes: what has expired counts
    /// until it is swept.
    pub fn rows(&self) -> usize {
        self.data.spaces.lock().values().map(|space| space.rows()).sum()
    }

    fn open(data: Arc<Data>, namespace: Namespace) -> Self {
        let space = data.spaces.lock().entry(namespace).or_default().clone();
        Self { data, space }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("clock", &self.data.clock).finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for MemoryStore {
    fn guarantees(&self) -> Guarantees {
        Guarantees::new(Durability::Volatile, Reach::Process)
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        Ok(self.data.clock.now())
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        Ok(self.space.sweep(&self.data.clock, budget))
    }

    /// There is nothing to end: the data goes with the last clone.
    async fn close(&self) -> StoreResult<()> {
        Ok(())
    }
}
