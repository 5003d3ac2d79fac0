use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::{At, Backend, Guarantees, SweepBudget, Swept};
use fastestmcp_core::error::{Outcome, StoreErrorKind, StoreResult};
use fastestmcp_core::event::{EventLog, Keep, Offset, ReadFrom, TopicRead, WakeStream};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{Page, PageLimit, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::session::{
    Applied, CommitOutcome, CommitRequest, Entry, Loaded, Op, Scope, ScopeInfo, ScopeKind, SessionStateStore, Touch,
};
use fastestmcp_core::task::{
    ClaimRequest, Claimed, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest, TaskBackend,
    TaskHead, TaskRecord, Token,
};
use fastestmcp_core::time::StoreTime;
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;

use super::session::unconditional;
use super::under_way::COMMIT;
use super::{Bug, Model, Switch, Wire};

/// The model behind the faults that happen around single operations: between two of them, or on the way.
#[derive(Debug)]
pub(super) struct Faulty {
    inner: Model,
    switch: Arc<Switch>,
    wire: Arc<Wire>,
    seen: Mutex<HashMap<(Scope, Vec<String>), Loaded>>,
}

impl Faulty {
    pub(super) fn around(inner: Model, switch: Arc<Switch>, wire: Arc<Wire>) -> Self {
        Self { inner, switch, wire, seen: Mutex::default() }
    }

    /// One operation over the wire.
    async fn carried<T: Send>(
        &self,
        operation: &'static str,
        work: impl Future<Output = StoreResult<T>> + Send,
    ) -> StoreResult<T> {
        self.wire.carry(operation, &self.switch, work).await.map_err(|mut error| {
            if self.switch.bends(Bug::UnknownAsNotApplied, error.outcome == Outcome::Unknown) {
                error.outcome = Outcome::NotApplied;
            } else if self.switch.bends(Bug::NotAppliedAsUnknown, error.kind == StoreErrorKind::Unavailable) {
                error.outcome = Outcome::Unknown;
            }
            error
        })
    }

    /// Where another caller gets in between.
    async fn pause(&self) {
        self.switch.fire();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Until what was written is committed.
    async fn committed<T>(&self, done: T) -> T {
        if self.switch.has(Bug::AbsentTooSoon) {
            tokio::time::sleep(COMMIT).await;
        }
        done
    }

    /// The scope and the start of its keys as a store sees them that joins both with `::`.
    fn joined(&self, scope: &Scope) -> (Scope, String) {
        match scope.id.split_once("::") {
            Some((id, rest)) if scope.kind == ScopeKind::System && self.switch.is(Bug::UnescapedJoin) => {
                (Scope::new(scope.kind, id), format!("{rest}::"))
            }
            _ => (scope.clone(), String::new()),
        }
    }

    async fn load_bent(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        if self.switch.has(Bug::TornLoad) && keys.len() > 1 {
            return self.torn_load(scope, keys, touch).await;
        }
        let (scope, start) = self.joined(scope);
        let keys: Vec<String> = keys.iter().map(|key| format!("{start}{key}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let fresh = self.inner.load(&scope, &keys, touch).await?;
        let fresh = if touch.is_some() { self.committed(fresh).await } else { fresh };
        Ok(if self.switch.has(Bug::StaleRead) { self.stale(&scope, &keys, fresh) } else { fresh })
    }

    async fn commit_bent(&self, mut request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        if self.switch.has(Bug::CheckThenAct) {
            return self.check_then_act(request).await;
        }
        if self.switch.has(Bug::TakeInTwoSteps) && request.ops.iter().any(|op| matches!(op, Op::Take { .. })) {
            return self.take_in_two_steps(request).await;
        }
        let (scope, start) = self.joined(&request.scope);
        request.scope = scope;
        for op in &mut request.ops {
            let (Op::Put { key, .. } | Op::Delete { key, .. } | Op::Take { key, .. } | Op::Check { key, .. }) = op;
            key.insert_str(0, &start);
        }
        let done = self.inner.commit(request).await;
        self.committed(done).await
    }

    async fn insert_bent(&self, mut task: NewTask) -> StoreResult<At<InsertOutcome>> {
        if let Some(quota) = task.quota
            && self.switch.has(Bug::QuotaOutsideLock)
        {
            let owner = OwnerFilter::Is(task.owner.clone());
            let listed = self.inner.list_tasks(&owner, None, PageRequest::first(PageLimit::MAX)).await?;
            let open = listed.value.items.iter().filter(|head| head.open).count();
            if open < quota as usize {
                self.pause().await;
                task.quota = None;
            }
        }
        self.inner.insert(task).await
    }

    async fn check_then_act(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        let keys: Vec<&str> = request.ops.iter().map(Op::key).collect();
        let At { now, value } = self.inner.load(&request.scope, &keys, None).await?;
        let fails = |op: &Op, entry: &Option<Entry>| !op.expect().holds(entry.as_ref().map(|entry| entry.version));
        if let Some(index) = request.ops.iter().zip(&value.entries).position(|(op, entry)| fails(op, entry)) {
            return Ok(At::new(now, CommitOutcome::Mismatch { index, current: value.entries[index].clone() }));
        }
        self.pause().await;
        let ops = request.ops.into_iter().map(unconditional).collect();
        self.inner.commit(CommitRequest::new(request.scope, request.rule, ops)).await
    }

    async fn take_in_two_steps(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        let keys: Vec<&str> = request.ops.iter().map(Op::key).collect();
        let read = self.inner.load(&request.scope, &keys, None).await?.value;
        self.pause().await;
        let mut done = self.inner.commit(request).await?;
        if let CommitOutcome::Committed(applied) = &mut done.value {
            for (applied, entry) in applied.iter_mut().zip(read.entries) {
                if matches!(applied, Applied::Taken(_)) {
                    *applied = Applied::Taken(entry);
                }
            }
        }
        Ok(done)
    }

    async fn torn_load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        let mut loaded = self.inner.load(scope, &[], touch).await?;
        for key in keys {
            self.pause().await;
            loaded.value.entries.append(&mut self.inner.load(scope, &[*key], None).await?.value.entries);
        }
        Ok(loaded)
    }

    /// The answer before the last change, once per change.
    fn stale(&self, scope: &Scope, keys: &[&str], fresh: At<Loaded>) -> At<Loaded> {
        let asked = (scope.clone(), keys.iter().map(ToString::to_string).collect());
        match self.seen.lock().insert(asked, fresh.value.clone()) {
            Some(old) if self.switch.bends(Bug::StaleRead, old != fresh.value) => At::new(fresh.now, old),
            _ => fresh,
        }
    }
}

#[async_trait]
impl Backend for Faulty {
    fn guarantees(&self) -> Guarantees {
        self.inner.guarantees()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        self.carried("ping", self.inner.ping()).await
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        self.carried("sweep", self.inner.sweep(budget)).await
    }

    async fn close(&self) -> StoreResult<()> {
        self.inner.close().await
    }
}

#[async_trait]
impl SessionStateStore for Faulty {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        match self.carried("load", self.load_bent(scope, keys, touch)).await {
            Err(_) if self.switch.is(Bug::FailureAsAbsent) => {
                Ok(At::new(self.inner.ping().await?, Loaded { scope: None, entries: vec![None; keys.len()] }))
            }
            answer => answer,
        }
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.carried("commit", self.commit_bent(request)).await
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        self.carried("list_entries", self.inner.list_entries(scope, prefix, page)).await
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        self.carried("delete_scope", self.inner.delete_scope(scope)).await
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        self.carried("list_scopes", self.inner.list_scopes(kind, page)).await
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        self.carried("count_scopes", self.inner.count_scopes(kind, at_most)).await
    }
}

#[async_trait]
impl TaskBackend for Faulty {
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>> {
        self.carried("insert", self.insert_bent(task)).await
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        self.carried("get", self.inner.get(ids, filter, part)).await
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        self.carried("replace", async { self.committed(self.inner.replace(request).await).await }).await
    }

    async fn claim(&self, request: ClaimRequest) -> StoreResult<At<Claimed>> {
        self.carried("claim", self.inner.claim(request)).await
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        self.carried("renew", self.inner.renew(leases, lease)).await
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        self.carried("list_tasks", self.inner.list_tasks(filter, status, page)).await
    }
}

#[async_trait]
impl EventLog for Faulty {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        self.carried("append", self.inner.append(topic, events, keep)).await
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.carried("read", self.inner.read(topics, limit)).await
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.carried("wake", self.inner.wake(channels)).await
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        let heard = self.carried("listen", self.inner.listen()).await?;
        let switch = self.switch.clone();
        let resets = self.wire.resets().filter(move |_| std::future::ready(!switch.is(Bug::SilentReconnect)));
        Ok(stream::select(heard, resets).boxed())
    }
}
