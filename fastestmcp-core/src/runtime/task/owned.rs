//! What a task's owner does with it: read, list, answer, cancel. Any node can do it for any task.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::progress::feed;
use super::tasks::Tasks;
use crate::context::Caller;
use crate::error::Outcome;
use crate::ids::TaskId;
use crate::operation::{CallError, CancelOutcome, ProgressFeed, TaskPage, TaskView};
use crate::page::{PageLimit, PageRequest};
use crate::principal::{Owner, OwnerFilter, Principal};
use crate::task::machine::{Rejected, Snapshot, Step, apply};
use crate::task::{
    Guard, Part, ReplaceOutcome, ReplaceRequest, TaskEvent, TaskHead, TaskRecord, TaskState, TaskStatus, Then,
};
use crate::time::backoff;

/// The name that cursors of task lists are bound to.
const LISTING: &str = "tasks";
/// How often a change that others keep overtaking is tried.
const TRIES: u32 = 64;
/// How often one of unknown outcome is.
const UNKNOWN_TRIES: u32 = 4;

/// The record, if this caller may see it.
async fn find(tasks: &Tasks, caller: &Caller, id: &TaskId, part: Part) -> Result<TaskRecord, CallError> {
    // What nobody owns is reachable by its id alone, for any anonymous caller and in any era (contract G9).
    let unowned = (caller.auth.principal == Principal::Anonymous).then(|| Owner::of_unowned(id));
    for owner in caller.owner().into_iter().chain(unowned) {
        let mut answer = tasks.node.stores.tasks.get(std::slice::from_ref(id), &OwnerFilter::Is(owner), part).await?;
        tasks.node.observe(answer.now);
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

pub(super) async fn task(tasks: &Tasks, caller: &Caller, id: &TaskId) -> Result<TaskView, CallError> {
    view(find(tasks, caller, id, Part::State).await?)
}

pub(super) async fn list(tasks: &Tasks, caller: &Caller, cursor: Option<&str>) -> Result<TaskPage, CallError> {
    // What nobody owns is never listed.
    let Some(owner) = caller.owner() else { return Ok(TaskPage { tasks: Vec::new(), next_cursor: None }) };
    page(tasks, &OwnerFilter::Is(owner), None, cursor).await
}

/// A page of a listing, from one sealed cursor to the next.
pub(super) async fn page(
    tasks: &Tasks,
    filter: &OwnerFilter,
    status: Option<TaskStatus>,
    cursor: Option<&str>,
) -> Result<TaskPage, CallError> {
    // A cursor of one status is none of another.
    let listing = status.map_or_else(|| LISTING.to_owned(), |status| format!("{LISTING}/{}", status.code()));
    let page = match cursor {
        None => PageRequest::first(PageLimit::default()),
        Some(cursor) => {
            let position =
                tasks.node.keys.open_cursor(&listing, filter, cursor).map_err(|_| CallError::InvalidCursor)?;
            PageRequest::after(PageLimit::default(), position)
        }
    };
    let answer = tasks.node.stores.tasks.list_tasks(filter, status.map(TaskStatus::code), page).await?;
    tasks.node.observe(answer.now);
    let next = answer.value.next.map(|position| tasks.node.keys.seal_cursor(&listing, filter, &position));
    Ok(TaskPage {
        next_cursor: next.transpose()?,
        tasks: answer.value.items.into_iter().map(|head| TaskView::new(head, None)).collect(),
    })
}

pub(super) async fn cancel(tasks: &Tasks, caller: &Caller, id: &TaskId) -> Result<CancelOutcome, CallError> {
    cancelled(tasks, find(tasks, caller, id, Part::State).await?).await
}

/// Cancels the task of a record.
pub(super) async fn cancelled(tasks: &Tasks, record: TaskRecord) -> Result<CancelOutcome, CallError> {
    let id = record.head.id.clone();
    match change(tasks, record, &TaskEvent::Cancelled).await {
        Ok(task) => Ok(CancelOutcome { task, was_terminal: false }),
        Err(ChangeError::Rejected(Rejected::Terminal)) => {
            let record = tasks.head_and_state(&id).await?.ok_or_else(|| CallError::UnknownTask(id.to_string()))?;
            Ok(CancelOutcome { task: view(record)?, was_terminal: true })
        }
        Err(error) => Err(error.into()),
    }
}

/// Answers open inputs, in parts or in full. Unknown and answered keys are ignored, and so is everything once the task
/// has ended; an answer that does not fit is refused and the task keeps waiting (contract T7).
pub(super) async fn update(
    tasks: &Tasks,
    caller: &Caller,
    id: &TaskId,
    answers: BTreeMap<String, Value>,
) -> Result<(), CallError> {
    let record = find(tasks, caller, id, Part::State).await?;
    match change(tasks, record, &TaskEvent::Answered(answers)).await {
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

/// Applies an event of the owner or an operator by compare-and-set.
async fn change(tasks: &Tasks, mut record: TaskRecord, event: &TaskEvent) -> Result<TaskView, ChangeError> {
    let id = record.head.id.clone();
    let unknown_task = || CallError::UnknownTask(id.to_string());
    // Sent, and perhaps applied.
    let mut unknown: Option<Step> = None;
    for attempt in 0..TRIES {
        let status = TaskStatus::decode(record.head.status).map_err(CallError::from)?;
        let state = TaskState::decode(record.state.as_deref().unwrap_or_default()).map_err(CallError::from)?;
        if let Some(step) = &unknown
            && status == step.status
            && state.outcome == step.state.outcome
            && status.is_terminal()
        {
            // The answer was lost and not the write.
            return Ok(changed(tasks, step, record.head));
        }
        let (claims, leased) = (record.head.claims, record.head.lease.is_some());
        let step = apply(Snapshot { status, claims, leased, state }, event.clone()).map_err(ChangeError::Rejected)?;
        let guard = Guard { version: record.head.version, token: None };
        let bytes = step.state.encode().map_err(CallError::from)?;
        let request = ReplaceRequest::new(id.clone(), guard, step.status.code(), bytes, step.then);
        match tasks.node.stores.tasks.replace(request).await {
            Ok(answer) => {
                tasks.node.observe(answer.now);
                match answer.value {
                    ReplaceOutcome::Replaced(head) => return Ok(changed(tasks, &step, *head)),
                    ReplaceOutcome::Conflict(current) => record = *current,
                    ReplaceOutcome::Missing | ReplaceOutcome::LeaseLost => return Err(unknown_task().into()),
                }
            }
            // Every such event is safe to apply again: look, and repeat if it did not happen.
            Err(error) if error.outcome == Outcome::Unknown && attempt < UNKNOWN_TRIES => {
                unknown = Some(step);
                tokio::time::sleep(backoff(Duration::from_millis(50), attempt, Duration::from_secs(1))).await;
                let current = tasks.head_and_state(&id).await.map_err(CallError::from)?.ok_or_else(unknown_task)?;
                record = current;
            }
            Err(error) => return Err(CallError::from(error).into()),
        }
    }
    Err(CallError::Overloaded { resource: "writes to one task", retry_after: Duration::from_secs(1) }.into())
}

/// Tells whoever waits for it that a task was changed.
fn changed(tasks: &Tasks, step: &Step, head: TaskHead) -> TaskView {
    if let Then::Terminal { retain } = step.then {
        tasks.node.keep_readable(&head.owner, head.session.as_deref(), retain);
    }
    let due = matches!(step.then, Then::Runnable { .. }).then_some(head.queue.as_str());
    tasks.announce(&head.id, due, head.session.as_deref());
    TaskView::new(head, Some(step.state.clone()))
}

pub(super) async fn follow_progress(
    tasks: &Tasks,
    caller: &Caller,
    id: &TaskId,
) -> Result<Option<ProgressFeed>, CallError> {
    let record = find(tasks, caller, id, Part::State).await?;
    feed(tasks, id, TaskState::decode(record.state.as_deref().unwrap_or_default())?).await
}

/// Cancels the open tasks of a session that was ended. One that a newer node alone can read is left to it.
pub(super) async fn cancel_of_session(tasks: &Tasks, principal: &Principal, session: &str) -> Result<(), CallError> {
    let Some(owner) = Owner::of(principal, Some(session)) else { return Ok(()) };
    let filter = OwnerFilter::Is(owner);
    for status in [TaskStatus::Working, TaskStatus::InputRequired] {
        let mut page = PageRequest::first(PageLimit::MAX);
        loop {
            let listed = tasks.node.stores.tasks.list_tasks(&filter, Some(status.code()), page).await?.value;
            for head in listed.items.iter().filter(|head| head.session.as_deref() == Some(session)) {
                let found = tasks.node.stores.tasks.get(std::slice::from_ref(&head.id), &filter, Part::State).await;
                let Some(record) = found?.value.pop().flatten() else { continue };
                match cancelled(tasks, record).await {
                    // Expired meanwhile.
                    Ok(_) | Err(CallError::UnknownTask(_)) => {}
                    Err(CallError::Unreadable(error)) => {
                        tracing::warn!(task = %head.id.short(), %error, "a task of an ended session was left alone");
                    }
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
