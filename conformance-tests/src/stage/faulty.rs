//! A real store in front of which faults can be switched on.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::Stores;
use fastestmcp_core::backend::{At, Backend, Guarantees, SweepBudget, Swept};
use fastestmcp_core::error::{StoreError, StoreErrorKind, StoreResult};
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, WakeStream};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{Page, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, Entry, Loaded, Scope, ScopeInfo, ScopeKind, SessionStateStore, Touch,
};
use fastestmcp_core::task::{
    ClaimRequest, Claimed, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend,
    TaskHead, TaskRecord, Token,
};
use fastestmcp_core::time::StoreTime;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

/// What happens to an operation.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It fails at once, this often, and changes nothing.
    Fail(u32),
    /// It is carried out and its answer is lost, this often.
    LoseReply(u32),
    /// It is carried out, and its answer waits for the gate.
    Answer(Arc<Semaphore>),
    /// It never ends, and is never carried out.
    Hang,
    /// It is not carried out, and claimed to be: for `claim`, `renew` and `wake`; others fail.
    Swallow,
}

/// The stores of one node and the switch for their faults.
#[derive(Clone, Debug)]
pub struct Faulty {
    inner: Stores,
    away: Arc<AtomicBool>,
    faults: Arc<Mutex<HashMap<&'static str, Fault>>>,
    calls: Arc<Mutex<HashMap<&'static str, u32>>>,
}

impl Faulty {
    /// In front of `inner`, with no fault yet.
    pub fn new(inner: &Stores) -> Self {
        Self { inner: inner.clone(), away: Arc::default(), faults: Arc::default(), calls: Arc::default() }
    }

    /// The stores as a runtime takes them.
    #[must_use]
    pub fn stores(&self) -> Stores {
        Stores::of(self.clone())
    }

    /// From now on nothing is answered: errors come back at once.
    pub fn go_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    /// After [`Faulty::go_away`].
    pub fn come_back(&self) {
        self.away.store(false, Ordering::SeqCst);
    }

    /// Away for a while.
    pub async fn away_for(&self, time: Duration) {
        self.go_away();
        tokio::time::sleep(time).await;
        self.come_back();
    }

    /// From now on `operation` (a method of a seam, but `poll` for a read of heads) meets this.
    pub fn set(&self, operation: &'static str, fault: Fault) {
        self.faults.lock().insert(operation, fault);
    }

    /// No more of it.
    pub fn clear(&self, operation: &'static str) {
        self.faults.lock().remove(operation);
    }

    /// How often an operation was called.
    pub fn count(&self, operation: &'static str) -> u32 {
        self.calls.lock().get(operation).copied().unwrap_or_default()
    }

    fn next(&self, operation: &'static str) -> Option<Fault> {
        let mut faults = self.faults.lock();
        let fault = faults.get_mut(operation)?;
        match fault {
            Fault::Fail(0) | Fault::LoseReply(0) => None,
            Fault::Fail(times) | Fault::LoseReply(times) => {
                *times -= 1;
                Some(fault.clone())
            }
            other => Some(other.clone()),
        }
    }

    async fn through<T>(
        &self,
        operation: &'static str,
        swallowed: impl FnOnce() -> Option<T>,
        call: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        let unavailable = || StoreError::new(StoreErrorKind::Unavailable, "faulty", operation, "away on purpose");
        *self.calls.lock().entry(operation).or_default() += 1;
        // As a real store would: whoever calls it without end lets others run in between.
        tokio::task::yield_now().await;
        if self.away.load(Ordering::SeqCst) {
            return Err(unavailable());
        }
        match self.next(operation) {
            None => call.await,
            Some(Fault::Fail(_)) => Err(unavailable()),
            Some(Fault::LoseReply(_)) => call.await.and(Err(unavailable().unknown())),
            Some(Fault::Answer(gate)) => {
                let answer = call.await;
                if let Ok(permit) = gate.acquire().await {
                    permit.forget();
                }
                answer
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Swallow) => swallowed().ok_or_else(unavailable),
        }
    }
}

#[async_trait]
impl Backend for Faulty {
    fn guarantees(&self) -> Guarantees {
        self.inner.tasks.guarantees()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        self.through("ping", || None, self.inner.tasks.ping()).await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        self.through("sweep", || None, self.inner.tasks.sweep(budget)).await
    }

    async fn close(&self) -> StoreResult<()> {
        self.inner.tasks.close().await
    }
}

#[async_trait]
impl SessionStateStore for Faulty {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        self.through("load", || None, self.inner.sessions.load(scope, keys, touch)).await
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.through("commit", || None, self.inner.sessions.commit(request)).await
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        self.through("list_entries", || None, self.inner.sessions.list_entries(scope, prefix, page)).await
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        self.through("delete_scope", || None, self.inner.sessions.delete_scope(scope)).await
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        self.through("list_scopes", || None, self.inner.sessions.list_scopes(kind, page)).await
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        self.through("count_scopes", || None, self.inner.sessions.count_scopes(kind, at_most)).await
    }
}

#[async_trait]
impl TaskBackend for Faulty {
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>> {
        self.through("insert", || None, self.inner.tasks.insert(task)).await
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        // The poll of waiters reads heads, and nothing else does.
        let operation = if part == Part::Head { "poll" } else { "get" };
        self.through(operation, || None, self.inner.tasks.get(ids, filter, part)).await
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        self.through("replace", || None, self.inner.tasks.replace(request)).await
    }

    async fn claim(&self, request: ClaimRequest) -> StoreResult<At<Claimed>> {
        // Something is due, and always in other hands.
        let contended = || Some(At::new(StoreTime::EPOCH, Claimed::new(Vec::new(), Some(Duration::ZERO))));
        self.through("claim", contended, self.inner.tasks.claim(request)).await
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        let version = fastestmcp_core::session::Version(0);
        let held = Renewed::Held { until: StoreTime::EPOCH, version };
        let swallowed = || Some(At::new(StoreTime::EPOCH, vec![held; leases.len()]));
        self.through("renew", swallowed, self.inner.tasks.renew(leases, lease)).await
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        self.through("list_tasks", || None, self.inner.tasks.list_tasks(filter, status, page)).await
    }
}

#[async_trait]
impl EventLog for Faulty {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.through("append", || None, self.inner.events.append(topic, events, keep)).await
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.through("read", || None, self.inner.events.read(topics, limit)).await
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.through("wake", || Some(()), self.inner.events.wake(channels)).await
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        self.through("listen", || None, self.inner.events.listen()).await
    }
}
