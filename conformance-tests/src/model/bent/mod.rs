//! The model behind the bugs that bend what is asked or answered, one seam a file.

mod event;
mod session;
mod task;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::{At, Backend, Guarantees, SweepBudget, Swept};
use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use fastestmcp_core::session::{Loaded, Op, Scope, ScopeKind};
use fastestmcp_core::task::TaskRecord;
use fastestmcp_core::time::StoreTime;
use parking_lot::Mutex;

use super::faulty::Faulty;
use super::{Bug, NAME, Switch};

/// What nodes have in common that should have nothing in common.
#[derive(Debug, Default)]
pub(super) struct BetweenNodes {
    /// Held by whoever is at work, where all wait for each other.
    turn: tokio::sync::Mutex<()>,
    /// What the last claim got.
    claimed: Mutex<Vec<TaskRecord>>,
    /// How many loads are under way, and what the last one was answered.
    loads: AtomicUsize,
    loaded: Mutex<Option<Loaded>>,
    /// Who appended last.
    appended: Mutex<Option<usize>>,
    /// The keys of deleted scopes.
    deleted: Mutex<BTreeMap<Scope, Vec<Op>>>,
}

/// The model with bent requests and answers.
#[derive(Debug)]
pub(super) struct Bent {
    inner: Faulty,
    node: usize,
    switch: Arc<Switch>,
    between: Arc<BetweenNodes>,
    locked: AtomicBool,
}

impl Bent {
    pub(super) fn around(inner: Faulty, node: usize, switch: Arc<Switch>, between: Arc<BetweenNodes>) -> Self {
        Self { inner, node, switch, between, locked: AtomicBool::new(false) }
    }

    fn timed<T>(&self, mut answer: At<T>) -> At<T> {
        if self.switch.is(Bug::AnswersWithoutTime) {
            answer.now = StoreTime::EPOCH;
        }
        answer
    }

    fn name(&self, name: &str) -> String {
        let folded = name.to_ascii_lowercase();
        if self.switch.bends(Bug::NamesFoldCase, folded != name) { folded } else { name.to_owned() }
    }

    fn scope(&self, scope: &Scope) -> Scope {
        let shared = self.switch.bends(Bug::KindsShareIds, scope.kind == ScopeKind::Handle);
        Scope::new(if shared { ScopeKind::Session } else { scope.kind }, self.name(&scope.id))
    }

    fn value(&self, value: Bytes) -> Bytes {
        match value.iter().position(|byte| *byte == 0) {
            Some(at) if self.switch.is(Bug::ValuesCutAtNul) => value.slice(..at),
            _ => value,
        }
    }

    /// A lock that only who comes to the end gives back.
    async fn lock(&self) -> StoreResult<()> {
        if self.switch.has(Bug::LoadLeavesLock) {
            if self.locked.swap(true, Ordering::SeqCst) {
                self.switch.fire();
                return Err(StoreError::new(StoreErrorKind::Contention, NAME, "load", "the lock is held"));
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn unlock(&self) {
        self.locked.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl Backend for Bent {
    fn guarantees(&self) -> Guarantees {
        self.inner.guarantees()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        self.inner.ping().await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        self.inner.sweep(budget).await
    }

    async fn close(&self) -> StoreResult<()> {
        self.inner.close().await
    }
}
