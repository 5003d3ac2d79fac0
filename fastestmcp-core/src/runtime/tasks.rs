//! What owners do with their tasks: look, list, answer, cancel, wait. Any node can do it for any task.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::caller::Caller;
use super::error::CallError;
use super::hub::Subscription;
use super::progress::ProgressFeed;
use super::shared::{Shared, backoff};
use super::view::TaskView;
use crate::ids::TaskId;
use crate::page::{PageLimit, PageRequest};
use crate::principal::{AuthContext, Owner, OwnerFilter, Principal};
use crate::task::machine::{Rejected, Snapshot, apply};
use crate::task::{
    ClientAbilities, Guard, Part, ReplaceOutcome, ReplaceRequest, TaskEvent, TaskRecord, TaskSpec, TaskState,
    TaskStatus, Then,
};

/// The name that cursors of task lists are bound to.
const LISTING: &str = "tasks";
/// How often a change that others keep overtaking is tried.
const TRIES: u32 = 64;

/// A page of tasks and the sealed cursor of the next.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskPage {
    /// Newest first, without inputs and outcomes.
    pub tasks: Vec<TaskView>,
    /// Asks for the next page; absent at the end.
    pub next_cursor: Option<String>,
}

/// What a cancel did.
#[derive(Clone, Debug, PartialEq)]
pub struct CancelOutcome {
    /// The task now.
    pub task: TaskView,
    /// It had ended before; nothing was changed.
    pub was_terminal: bool,
}

/// The record, if this caller may see it.
async fn find(shared: &Shared, caller: &Caller, id: &TaskId, part: Part) -> Result<TaskRecord, CallError> {
    let mut filters = vec![caller.filter()];
    if caller.auth.principal == Principal::Anonymous && caller.session.is_some() {
        // Made by a stateless request, it is reachable by its id alone, in any era (contract G9).
        filters.push(OwnerFilter::Is(Owner::unbound()));
    }
    for filter in filters {
        let mut answer = shared.stores.tasks.get(std::slice::from_ref(id), &filter, part).await?;
        shared.observe(answer.now);
        if let Some(record) = answer.value.pop().flatten() {
            return Ok(record);
        }
    }
    Err(CallError::UnknownTask(id.to_string()))
}

fn view(record: TaskRecord) -> Result<TaskView, CallError> {
    let state = record.state.as_deref().map(TaskState::decode).transpose()?;
    Ok(TaskView::new(record.head, state))
}

pub(super) async fn task(shared: &Shared, caller: &Caller, id: &TaskId) -> Result<TaskView, CallError> {
    view(find(shared, caller, id, Part::State).await?)
}

pub(super) async fn list(shared: &Shared, caller: &Caller, cursor: Option<&str>) -> Result<TaskPage, CallError> {
    let filter = caller.filter();
    if caller.auth.principal == Principal::Anonymous && caller.session.is_none() {
        return Ok(TaskPage { tasks: Vec::new(), next_cursor: None });
    }
    let page = match cursor {
        None => PageRequest::first(PageLimit::default()),
        Some(cursor) => {
            let position = shared.keys.open_cursor(LISTING, &filter, cursor).map_err(|_| CallError::InvalidCursor)?;
            PageRequest::after(PageLimit::default(), position)
        }
    };
    let answer = shared.stores.tasks.list_tasks(&filter, None, page).await?;
    shared.observe(answer.now);
    Ok(TaskPage {
        next_cursor: answer
            .value
            .next
            .map(|position| shared.keys.seal_cursor(LISTING, &filter, &position))
            .transpose()?,
        tasks: answer.value.items.into_iter().map(|head| TaskView::new(head, None)).collect(),
    })
}

pub(super) async fn cancel(shared: &Shared, caller: &Caller, id: &TaskId) -> Result<CancelOutcome, CallError> {
    match change(shared, caller, id, &TaskEvent::Cancelled).await {
        Ok(task) => Ok(CancelOutcome { task, was_terminal: false }),
        Err(ChangeError::Rejected(Rejected::Terminal)) => {
            Ok(CancelOutcome { task: task(shared, caller, id).await?, was_terminal: true })
        }
        Err(error) => Err(error.into()),
    }
}

/// Answers open inputs, in parts or in full. Unknown and answered keys are ignored, and so is everything once the task
/// has ended; an answer that does not fit is refused and the task keeps waiting (contract T7).
pub(super) async fn answer(
    shared: &Shared,
    caller: &Caller,
    id: &TaskId,
    answers: BTreeMap<String, Value>,
) -> Result<(), CallError> {
    match change(shared, caller, id, &TaskEvent::Answered(answers)).await {
        Ok(_) | Err(ChangeError::Rejected(Rejected::Terminal | Rejected::Unchanged)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

enum ChangeError {
    Rejected(Rejected),
    Call(CallError),
}

impl From<CallError> for ChangeError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<ChangeError> for CallError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Call(error) => error,
            ChangeError::Rejected(Rejected::InvalidAnswer(error)) => Self::InvalidAnswer(error),
            ChangeError::Rejected(other) => Self::InvalidParams(other.to_string()),
        }
    }
}

/// Applies an event of the owner by compare-and-set.
async fn change(shared: &Shared, caller: &Caller, id: &TaskId, event: &TaskEvent) -> Result<TaskView, ChangeError> {
    let mut record = find(shared, caller, id, Part::All).await?;
    let spec = TaskSpec::decode(record.spec.as_deref().unwrap_or_default()).map_err(CallError::from)?;
    for attempt in 0..TRIES {
        let state = TaskState::decode(record.state.as_deref().unwrap_or_default()).map_err(CallError::from)?;
        let snapshot = Snapshot {
            status: TaskStatus::from_code(record.head.status).unwrap_or(TaskStatus::Working),
            claims: record.head.claims,
            leased: record.head.lease.is_some(),
            state,
        };
        let step = apply(&spec.policy, snapshot, event.clone()).map_err(ChangeError::Rejected)?;
        let guard = Guard { version: record.head.version, token: None };
        let bytes = step.state.encode().map_err(CallError::from)?;
        let request = ReplaceRequest::new(id.clone(), guard, step.status.code(), bytes, step.then);
        match shared.stores.tasks.replace(request).await {
            Ok(answer) => {
                shared.observe(answer.now);
                match answer.value {
                    ReplaceOutcome::Replaced(head) => {
                        if let Then::Terminal { retain } = step.then {
                            shared.keep_readable(&spec.auth.principal, head.session.as_deref(), retain).await;
                        }
                        let due = matches!(step.then, Then::Runnable { .. }).then_some(head.queue.clone());
                        shared.announce(id, due.as_deref()).await;
                        return Ok(TaskView::new(*head, Some(step.state)));
                    }
                    ReplaceOutcome::Conflict(current) => {
                        record = TaskRecord { spec: record.spec, ..*current };
                        continue;
                    }
                    ReplaceOutcome::Missing | ReplaceOutcome::LeaseLost => {
                        return Err(CallError::UnknownTask(id.to_string()).into());
                    }
                }
            }
            // Every such event is safe to apply again: look, and repeat if it did not happen.
            Err(error) if error.outcome == crate::error::Outcome::Unknown && attempt < 4 => {
                tokio::time::sleep(backoff(Duration::from_millis(50), attempt, Duration::from_secs(1))).await;
                record = find(shared, caller, id, Part::All).await?;
            }
            Err(error) => return Err(CallError::from(error).into()),
        }
    }
    Err(CallError::Overloaded { resource: "writes to one task", retry_after: Duration::from_secs(1) }.into())
}

pub(super) async fn progress(shared: &Shared, caller: &Caller, id: &TaskId) -> Result<Option<ProgressFeed>, CallError> {
    let record = find(shared, caller, id, Part::All).await?;
    let spec = TaskSpec::decode(record.spec.as_deref().unwrap_or_default())?;
    ProgressFeed::new(shared, id, &spec).await
}

/// Cancels the open tasks of a session that has ended.
pub(super) async fn cancel_of_session(shared: &Shared, principal: Principal, session: String) -> Result<(), CallError> {
    let caller = Caller::in_session(AuthContext::new(principal), session.clone(), ClientAbilities::default());
    for status in [TaskStatus::Working, TaskStatus::InputRequired] {
        let mut page = PageRequest::first(PageLimit::MAX);
        loop {
            let listed = shared.stores.tasks.list_tasks(&caller.filter(), Some(status.code()), page).await?.value;
            for head in listed.items.iter().filter(|head| head.session.as_deref() == Some(&session)) {
                match cancel(shared, &caller, &head.id).await {
                    // Expired meanwhile.
                    Ok(_) | Err(CallError::UnknownTask(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            match listed.next {
                Some(next) => page = PageRequest::after(PageLimit::MAX, next),
                None => break,
            }
        }
    }
    Ok(())
}

/// Follows one task, on any node, until it is dropped.
pub struct TaskWatch {
    shared: Arc<Shared>,
    caller: Caller,
    subscription: Subscription,
    view: TaskView,
    _waiter: OwnedSemaphorePermit,
}

impl std::fmt::Debug for TaskWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskWatch").field("task", &self.view.id).finish_non_exhaustive()
    }
}

impl TaskWatch {
    pub(super) async fn new(shared: &Arc<Shared>, caller: &Caller, id: &TaskId) -> Result<Self, CallError> {
        let Ok(waiter) = shared.waiters.clone().try_acquire_owned() else {
            return Err(CallError::Overloaded { resource: "waiters", retry_after: Duration::from_secs(1) });
        };
        // Subscribed before it is read: no change falls between.
        let subscription = shared.hub.subscribe(id);
        let view = task(shared, caller, id).await?;
        Ok(Self { shared: shared.clone(), caller: caller.clone(), subscription, view, _waiter: waiter })
    }

    /// The task as last read.
    pub const fn view(&self) -> &TaskView {
        &self.view
    }

    /// Waits until the task is another version than the one last seen, and returns it.
    ///
    /// # Errors
    /// [`CallError::UnknownTask`] once it has expired; the store failed.
    pub async fn changed(&mut self) -> Result<&TaskView, CallError> {
        loop {
            self.subscription.changed().await;
            let view = task(&self.shared, &self.caller, &self.view.id).await?;
            if view.version != self.view.version {
                self.view = view;
                return Ok(&self.view);
            }
        }
    }

    /// Waits until the task has ended.
    ///
    /// # Errors
    /// As [`TaskWatch::changed`].
    pub async fn ended(&mut self) -> Result<&TaskView, CallError> {
        while !self.view.status.is_terminal() {
            self.changed().await?;
        }
        Ok(&self.view)
    }
}
