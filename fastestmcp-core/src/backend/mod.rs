//! What all three seams share: [`Backend`] ([contract](https://github.com/fastestmcp/fastestmcp/blob/main/docs/contract.md) G1,
//! G11, G14), and what backends have in common.
//!
//! [`carry_out`] and [`Coalescer`] give a store across a network its deadlines, its cancel safety and its group commit;
//! [`sweep_in_steps`] keeps sweeps short.

mod call;
mod coalesce;
#[cfg(test)]
mod coalesce_tests;
mod damage;
mod sweep;
mod ticket;

pub use call::{Site, carry_out};
pub use coalesce::{BatchExecutor, BatchLimits, Coalescer};
pub use sweep::{SweepStep, sweep_in_steps};
pub use ticket::Ticket;

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::StoreResult;
use crate::limits::Limits;
use crate::time::StoreTime;

/// An answer together with the store's time at which it was true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The store's clock, read once for the operation after its locks were held.
    pub now: StoreTime,
    /// The answer.
    pub value: T,
}

impl<T> At<T> {
    /// `value` at `now`.
    pub const fn new(now: StoreTime, value: T) -> Self {
        Self { now, value }
    }

    /// The same moment with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At { now: self.now, value: f(self.value) }
    }
}

/// The worst event that acknowledged writes survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// None: they live in the process.
    Volatile,
    /// The death of the process, by any signal.
    ProcessCrash,
    /// Loss of power, as far as the device keeps its own promises.
    PowerLoss,
}

/// Who can share one data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// This process only.
    Process,
    /// The processes of one host.
    Host,
    /// Any node.
    Cluster,
}

/// What a backend declares of itself. What cannot be detected is declared at its weakest (contract G11).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guarantees {
    /// What acknowledged writes survive.
    pub durability: Durability,
    /// Who can share the data.
    pub reach: Reach,
    /// Whether a failover can lose acknowledged writes.
    pub failover_may_lose: bool,
    /// Sizes that are checked before anything is written.
    pub limits: Limits,
}

impl Guarantees {
    /// Guarantees with the default limits and no failover to lose anything.
    pub fn new(durability: Durability, reach: Reach) -> Self {
        Self { durability, reach, failover_may_lose: false, limits: Limits::default() }
    }
}

/// How much one sweep may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepBudget {
    /// Rows to remove at most.
    pub max_rows: usize,
    /// Bytes of values to remove at most, counted before the last row that passes the bound: of each part of the data that
    /// a backend sweeps at once.
    pub max_bytes: usize,
}

impl Default for SweepBudget {
    /// 1,000 rows, 4 MiB.
    fn default() -> Self {
        Self { max_rows: 1_000, max_bytes: 4 << 20 }
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Swept {
    /// Records removed: each is reported by at most one of all nodes.
    pub removed: u64,
    /// Whether there may be more to remove now.
    pub more: bool,
}

/// What every seam of a backend shares.
///
/// # To ensure correctness
/// - Time is the store's (G1): callers send durations. Every operation reads `now` once, **after** its locks are held,
///   and every answer carries it. Store time never goes back, also when the host clock does.
/// - A deadline at or before `now` means absent (G3): for every operation, at once for all keys of a scope, swept or
///   not. Nothing reads, lists, extends, counts, compares against or revives what has expired.
/// - Every call ends within its deadline (G5; default 5 s) with a value or a typed error. What was still queued then is
///   `NotApplied`.
/// - Operations run in tasks that the backend owns (G6): a caller that drops its future leaves the operation wholly
///   applied or not, and no lock or connection behind.
/// - Values are opaque bytes; ids and keys are opaque UTF-8 of 0 to 512 bytes, compared byte by byte (G7).
/// - Namespaces on one database never see each other (G8).
/// - Once a write is acknowledged every node reads it (G10). Versions, tokens and offsets stay below 2^53 and are drawn
///   under the lock from a counter that outlives what it numbers.
/// - Writes lock, then read `now`, then check, then draw versions, then write. Callers may share a transaction, but
///   each has its own outcome and nobody is acknowledged before it is committed.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// What this backend promises, as far as it knows.
    ///
    /// `fn guarantees(&self) -> Guarantees`
    fn guarantees(&self) -> Guarantees;

    /// The store's time; proof that it answers.
    ///
    /// `async fn ping(&self) -> StoreResult<StoreTime>`
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`.
    async fn ping(&self) -> StoreResult<StoreTime>;

    /// Removes expired data in a step that never blocks traffic for more than 50 ms; safe from many nodes (G14).
    /// Correctness never depends on it.
    ///
    /// `async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept>`
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`, `Contention`.
    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept>;

    /// Ends this handle and its clones in an orderly way: the last act of a process (contract R7).
    ///
    /// `async fn close(&self) -> StoreResult<()>`
    ///
    /// What is under way is finished or ends as if the connection had been lost, what was acknowledged is where it is to
    /// stay (a SQLite file is complete by itself), and background tasks, threads and connections end. Operations that
    /// come later may be `Unavailable`, `NotApplied`. Other handles on the same data go on. Closing again does nothing
    /// and is answered as before. Dropping the last clone does the same as far as that can be done without waiting.
    ///
    /// # Errors
    /// It could not be done, or not within the deadline (G5): `Timeout`, `Contention`, `Unavailable`, `StorageFull`.
    /// Nothing that was acknowledged is lost by it.
    async fn close(&self) -> StoreResult<()>;
}

#[async_trait]
impl<S: Backend + ?Sized> Backend for Arc<S> {
    fn guarantees(&self) -> Guarantees {
        (**self).guarantees()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        (**self).ping().await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        (**self).sweep(budget).await
    }

    async fn close(&self) -> StoreResult<()> {
        (**self).close().await
    }
}
