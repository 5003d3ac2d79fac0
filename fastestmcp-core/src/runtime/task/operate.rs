//! What an operator does, for all owners. Not reachable from the wire; every change is told in the log.

use std::sync::Arc;
use std::time::Duration;

use super::end_session::end_session;
use super::owned;
use super::tasks::Tasks;
use crate::ids::{self, TaskId};
use crate::operation::{CallError, CancelOutcome, TaskPage, TaskView};
use crate::page::{PageLimit, PageRequest};
use crate::principal::{OwnerFilter, Principal};
use crate::seal::Purpose;
use crate::task::{Idempotency, InsertOutcome, NewTask, Part, TaskRecord, TaskSpec, TaskState, TaskStatus};

/// Which tasks an operator means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskFilter {
    /// Those of this principal only.
    pub principal: Option<Principal>,
    /// Those with this status only.
    pub status: Option<TaskStatus>,
}

impl TaskFilter {
    /// All tasks with this status.
    pub const fn status(status: TaskStatus) -> Self {
        Self { principal: None, status: Some(status) }
    }

    /// The same tasks, but only this principal's. Those of anonymous callers belong to sessions or to nobody.
    #[must_use]
    pub fn of(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    fn owner(&self) -> Option<OwnerFilter> {
        match &self.principal {
            None => Some(OwnerFilter::Any),
            Some(principal) => crate::principal::Owner::of(principal, None).map(OwnerFilter::Is),
        }
    }
}

/// A page of live sessions, by the digests of their ids, and the sealed cursor of the next.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SessionPage {
    /// The digest of each session's id, and for how long it has lived.
    pub sessions: Vec<(String, Duration)>,
    /// Asks for the next page; absent at the end.
    pub next_cursor: Option<String>,
}

const SESSIONS: &str = "operator/sessions";

/// The operator's verbs. Whoever has a [`Runtime`](crate::runtime::Runtime) has them; no request of a client reaches
/// them.
///
/// ```
/// # use fastestmcp_core::operation::CallError;
/// # use fastestmcp_core::runtime::{Runtime, TaskFilter};
/// # use fastestmcp_core::task::TaskStatus;
/// async fn requeue_all(runtime: &Runtime) -> Result<(), CallError> {
///     let operator = runtime.operator();
///     let dead = operator.tasks(&TaskFilter::status(TaskStatus::DeadLetter), None).await?;
///     for task in dead.tasks {
///         operator.requeue(&task.id).await?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Operator(Arc<Tasks>);

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator").field("node", &self.0.node.name).finish_non_exhaustive()
    }
}

impl Operator {
    pub(crate) const fn new(tasks: Arc<Tasks>) -> Self {
        Self(tasks)
    }

    /// The tasks that a filter means, newest first, without inputs and outcomes.
    ///
    /// # Errors
    /// [`CallError::InvalidCursor`], the store failed.
    pub async fn tasks(&self, filter: &TaskFilter, cursor: Option<&str>) -> Result<TaskPage, CallError> {
        match filter.owner() {
            Some(owner) => owned::page(&self.0, &owner, filter.status, cursor).await,
            None => Ok(TaskPage { tasks: Vec::new(), next_cursor: None }),
        }
    }

    /// Any task.
    ///
    /// # Errors
    /// [`CallError::UnknownTask`], the store failed.
    pub async fn task(&self, id: &TaskId) -> Result<TaskView, CallError> {
        let record = self.0.head_and_state(id).await?.ok_or_else(|| CallError::UnknownTask(id.to_string()))?;
        let state = record.state.as_deref().map(TaskState::decode).transpose()?;
        Ok(TaskView::new(record.head, state))
    }

    /// Runs what a dead letter was to do once more, as a new task of the same owner and session with the same life: no
    /// terminal status ever changes. A dead letter is requeued once; asked again, this answers with the same new task.
    ///
    /// # Errors
    /// [`CallError::UnknownTask`]; [`CallError::InvalidParams`] if it is no dead letter; the store failed.
    pub async fn requeue(&self, id: &TaskId) -> Result<TaskView, CallError> {
        let TaskRecord { head, spec, state } = self.find(id).await?;
        if TaskStatus::from_code(head.status) != Some(TaskStatus::DeadLetter) {
            return Err(CallError::InvalidParams("only a dead letter is requeued".to_owned()));
        }
        let spec = spec.unwrap_or_default();
        let tool = TaskSpec::decode(&spec)?.name;
        let TaskState { policy, poll_ms, progress_token, .. } =
            TaskState::decode(state.as_deref().unwrap_or_default())?;
        let fresh = TaskState { policy, poll_ms, progress_token, ..TaskState::default() };
        let mut task = NewTask::new(TaskId::random()?, head.owner, head.queue, spec, fresh.encode()?);
        task.session = head.session;
        task.priority = head.priority;
        task.status = TaskStatus::Working.code();
        task.ttl = head.expires.map(|expires| expires.since(head.created).max(Duration::from_millis(1)));
        let key = ids::digest(&[b"requeue", id.as_str().as_bytes()]);
        task.idempotency = Some(Idempotency { digest: key.clone(), key });
        let queue = task.queue.clone();
        let (head, state) = match self.0.insert(task).await? {
            InsertOutcome::Inserted(head) => (*head, fresh),
            InsertOutcome::Existing(record) => {
                (record.head, TaskState::decode(record.state.as_deref().unwrap_or_default())?)
            }
            InsertOutcome::KeyReused | InsertOutcome::QuotaExceeded { .. } => return Err(CallError::Masked),
        };
        self.0.announce(&head.id, Some(&queue), None);
        tracing::info!(task = %id.short(), as_task = %head.id.short(), tool, "an operator requeued a dead letter");
        Ok(TaskView::new(head, Some(state)))
    }

    /// Cancels any task.
    ///
    /// # Errors
    /// [`CallError::UnknownTask`], the store failed.
    pub async fn cancel(&self, id: &TaskId) -> Result<CancelOutcome, CallError> {
        let cancelled = owned::cancelled(&self.0, self.find(id).await?).await?;
        tracing::info!(task = %id.short(), was_terminal = cancelled.was_terminal, "an operator cancelled a task");
        Ok(cancelled)
    }

    /// Cancels all open tasks that a filter means; how many. What only newer nodes can read is left alone.
    ///
    /// # Errors
    /// The store failed: those before it are cancelled.
    pub async fn cancel_all(&self, filter: &TaskFilter) -> Result<u64, CallError> {
        let mut count = 0;
        let mut cursor = None;
        loop {
            let page = self.tasks(filter, cursor.as_deref()).await?;
            for task in page.tasks.iter().filter(|task| !task.status.is_terminal()) {
                match self.cancel(&task.id).await {
                    Ok(outcome) => count += u64::from(!outcome.was_terminal),
                    Err(CallError::UnknownTask(_) | CallError::Unreadable(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(count),
            }
        }
    }

    /// The live sessions of the 2025 wire. Their ids are not stored: they are named by digests.
    ///
    /// # Errors
    /// [`CallError::InvalidCursor`], the store failed.
    pub async fn sessions(&self, cursor: Option<&str>) -> Result<SessionPage, CallError> {
        let page = match cursor {
            None => PageRequest::first(PageLimit::default()),
            Some(cursor) => {
                let opened = self.0.node.keys.open_sealed(Purpose::Cursor, &[SESSIONS.as_bytes()], cursor);
                let position = crate::page::Position(opened.map_err(|_| CallError::InvalidCursor)?.into());
                PageRequest::after(PageLimit::default(), position)
            }
        };
        let page = self.0.node.sessions.list(page).await?;
        let now = self.0.node.store_now();
        let next = page.next.map(|next| self.0.node.keys.seal(Purpose::Cursor, &[SESSIONS.as_bytes()], &next.0));
        Ok(SessionPage {
            sessions: page.items.into_iter().map(|(digest, info)| (digest, now.since(info.created))).collect(),
            next_cursor: next.transpose()?,
        })
    }

    /// Ends a session, named by the digest of its id, as its client's DELETE would: on every node, with its open tasks.
    /// True if it lived.
    ///
    /// # Errors
    /// The store failed; the session lives on then.
    pub async fn revoke_session(&self, session: &str) -> Result<bool, CallError> {
        let lived = end_session(&self.0, session).await?;
        tracing::info!(session = session.get(..ids::BRIEF), lived, "an operator revoked a session");
        Ok(lived)
    }

    async fn find(&self, id: &TaskId) -> Result<TaskRecord, CallError> {
        let found = self.0.node.stores.tasks.get(std::slice::from_ref(id), &OwnerFilter::Any, Part::All).await?;
        self.0.node.observe(found.now);
        found.value.into_iter().next().flatten().ok_or_else(|| CallError::UnknownTask(id.to_string()))
    }
}
