//! The last operations of a case, recorded around every seam, for the report of a failure.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::{At, Backend, Guarantees, SweepBudget, Swept};
use fastestmcp_core::error::StoreResult;
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

use crate::brief::brief;
use crate::harness::Node;

/// How many operations are kept.
const KEPT: usize = 40;

/// The newest operations of a case, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<VecDeque<String>>);

impl Journal {
    pub(crate) fn note(&self, line: String) {
        let mut lines = self.0.lock();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().iter().cloned().collect()
    }
}

/// The same node, with every operation and its answer noted.
pub(crate) fn record(node: Node, name: String, journal: &Arc<Journal>) -> Node {
    fn around<S: ?Sized>(inner: Arc<S>, name: &str, journal: &Arc<Journal>) -> Recorded<S> {
        Recorded { inner, name: name.to_owned(), journal: journal.clone() }
    }
    Node {
        sessions: node.sessions.map(|inner| Arc::new(around(inner, &name, journal)) as _),
        tasks: node.tasks.map(|inner| Arc::new(around(inner, &name, journal)) as _),
        events: node.events.map(|inner| Arc::new(around(inner, &name, journal)) as _),
    }
}

struct Recorded<S: ?Sized> {
    inner: Arc<S>,
    name: String,
    journal: Arc<Journal>,
}

impl<S: ?Sized> Recorded<S> {
    fn noted<T: Debug>(&self, asked: String, answer: T) -> T {
        self.journal.note(format!("node {} {asked} -> {}", self.name, brief(&answer)));
        answer
    }
}

#[async_trait]
impl<S: Backend + ?Sized> Backend for Recorded<S> {
    fn guarantees(&self) -> Guarantees {
        self.inner.guarantees()
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        self.noted("ping".to_owned(), self.inner.ping().await)
    }

    async fn close(&self) -> StoreResult<()> {
        let answer = self.inner.close().await;
        self.noted("close".to_owned(), answer)
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        self.noted(format!("sweep {budget:?}"), self.inner.sweep(budget).await)
    }
}

#[async_trait]
impl<S: SessionStateStore + ?Sized> SessionStateStore for Recorded<S> {
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> StoreResult<At<Loaded>> {
        self.noted(format!("load {}", brief(&(scope, keys, touch))), self.inner.load(scope, keys, touch).await)
    }

    async fn commit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        let asked = format!("commit {}", brief(&request));
        self.noted(asked, self.inner.commit(request).await)
    }

    async fn list_entries(
        &self,
        scope: &Scope,
        prefix: &str,
        page: PageRequest,
    ) -> StoreResult<At<Page<(String, Entry)>>> {
        let asked = format!("list_entries {}", brief(&(scope, prefix, &page)));
        self.noted(asked, self.inner.list_entries(scope, prefix, page).await)
    }

    async fn delete_scope(&self, scope: &Scope) -> StoreResult<At<bool>> {
        self.noted(format!("delete_scope {}", brief(scope)), self.inner.delete_scope(scope).await)
    }

    async fn list_scopes(&self, kind: ScopeKind, page: PageRequest) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
        self.noted(format!("list_scopes {}", brief(&(kind, &page))), self.inner.list_scopes(kind, page).await)
    }

    async fn count_scopes(&self, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
        self.noted(format!("count_scopes {kind:?} {at_most}"), self.inner.count_scopes(kind, at_most).await)
    }
}

#[async_trait]
impl<S: TaskBackend + ?Sized> TaskBackend for Recorded<S> {
    async fn insert(&self, task: NewTask) -> StoreResult<At<InsertOutcome>> {
        let asked = format!("insert {}", brief(&task));
        self.noted(asked, self.inner.insert(task).await)
    }

    async fn get(&self, ids: &[TaskId], filter: &OwnerFilter, part: Part) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
        self.noted(format!("get {}", brief(&(ids, filter, part))), self.inner.get(ids, filter, part).await)
    }

    async fn replace(&self, request: ReplaceRequest) -> StoreResult<At<ReplaceOutcome>> {
        let asked = format!("replace {}", brief(&request));
        self.noted(asked, self.inner.replace(request).await)
    }

    async fn claim(&self, request: ClaimRequest) -> StoreResult<At<Claimed>> {
        let asked = format!("claim {}", brief(&request));
        self.noted(asked, self.inner.claim(request).await)
    }

    async fn renew(&self, leases: &[(TaskId, Token)], lease: Duration) -> StoreResult<At<Vec<Renewed>>> {
        self.noted(format!("renew {}", brief(&(leases, lease))), self.inner.renew(leases, lease).await)
    }

    async fn list_tasks(
        &self,
        filter: &OwnerFilter,
        status: Option<u8>,
        page: PageRequest,
    ) -> StoreResult<At<Page<TaskHead>>> {
        let asked = format!("list_tasks {}", brief(&(filter, status, &page)));
        self.noted(asked, self.inner.list_tasks(filter, status, page).await)
    }
}

#[async_trait]
impl<S: EventLog + ?Sized> EventLog for Recorded<S> {
    async fn append(&self, topic: &str, events: Vec<Bytes>, keep: Keep) -> StoreResult<At<Range<Offset>>> {
        let asked = format!("append {}", brief(&(topic, &events, keep)));
        self.noted(asked, self.inner.append(topic, events, keep).await)
    }

    async fn read(&self, topics: &[(String, ReadFrom)], limit: usize) -> StoreResult<At<Vec<TopicRead>>> {
        self.noted(format!("read {}", brief(&(topics, limit))), self.inner.read(topics, limit).await)
    }

    async fn wake(&self, channels: &[String]) -> StoreResult<()> {
        self.noted(format!("wake {}", brief(&channels)), self.inner.wake(channels).await)
    }

    async fn listen(&self) -> StoreResult<WakeStream> {
        self.inner.listen().await
    }
}
