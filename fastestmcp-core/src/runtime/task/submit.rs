//! Submitting a task: all or nothing (contract T1, T14).

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::view::TaskView;
use crate::error::Outcome;
use crate::ids::{self, MAX_ID_BYTES, TaskId};
use crate::json;
use crate::principal::Owner;
use crate::runtime::call::ToolCall;
use crate::runtime::error::CallError;
use crate::runtime::plain::known;
use crate::runtime::shared::Shared;
use crate::task::{Idempotency, InsertOutcome, Journal, NewTask, Rerun, RunPolicy, TaskSpec, TaskState, TaskStatus};
use crate::time::{backoff, millis};
use crate::tool::{TaskPolicy, Tool};

/// How often an insert whose outcome is unknown is repeated; it carries its id, so it finds itself.
const TRIES: u32 = 4;

/// The life a client asks for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedTtl {
    /// Whatever the tool says.
    Default,
    /// No end.
    Unlimited,
    /// This long, from its creation.
    For(Duration),
}

/// `journal` is what the call has of its time before it became a task.
pub(crate) async fn submit(
    shared: &Arc<Shared>,
    call: ToolCall,
    ttl: AskedTtl,
    journal: Journal,
) -> Result<TaskView, CallError> {
    let tool = known(shared, &call)?;
    let policy = tool.task_policy();
    let id = TaskId::random()?;
    let owner = call.caller.owner();
    let idempotency = idempotency(shared, &call, owner.as_ref())?;
    call.arguments.values().chain(call.meta.values()).try_for_each(json::check_depth)?;
    if let Some(owner) = &owner {
        let overloaded = |retry_after| CallError::Overloaded { resource: "task creation", retry_after };
        shared.task_rate.take(owner, Instant::now()).map_err(overloaded)?;
    }

    let spec = TaskSpec {
        abilities: call.caller.abilities,
        meta: call.meta,
        ..TaskSpec::new(call.tool, call.arguments, call.caller.auth, call.caller.scope, run_policy(tool))
    };
    let state = TaskState { poll_ms: millis(policy.poll_interval), journal, ..TaskState::default() };
    // What nobody owns shares no quota, and no lock of the store, with what others do not own (contract R2).
    let quota = owner.as_ref().map(|_| shared.config.max_open_tasks);
    let owner = owner.unwrap_or_else(|| Owner::of_unowned(&id));
    let mut task = NewTask::new(id.clone(), owner, policy.queue.clone(), spec.encode()?, state.encode()?);
    task.session = call.caller.session;
    task.priority = policy.priority;
    task.status = TaskStatus::Working.code();
    task.ttl = granted(policy, ttl);
    task.idempotency = idempotency;
    task.quota = quota;

    match insert(shared, task).await? {
        InsertOutcome::Inserted(head) => {
            shared.announce(&id, Some(&policy.queue));
            Ok(TaskView::new(*head, Some(state)))
        }
        InsertOutcome::Existing(record) => {
            let state = record.state.as_deref().map(TaskState::decode).transpose()?;
            Ok(TaskView::new(record.head, state))
        }
        InsertOutcome::KeyReused => {
            Err(CallError::InvalidParams("the idempotency key was used for a different request".to_owned()))
        }
        InsertOutcome::QuotaExceeded { .. } => {
            Err(CallError::Overloaded { resource: "open tasks", retry_after: policy.poll_interval })
        }
    }
}

pub(super) async fn insert(shared: &Shared, task: NewTask) -> Result<InsertOutcome, CallError> {
    let mut attempt = 0;
    loop {
        match shared.stores.tasks.insert(task.clone()).await {
            Ok(answer) => {
                shared.observe(answer.now);
                return Ok(answer.value);
            }
            Err(error) if error.outcome == Outcome::Unknown && attempt < TRIES => {
                attempt += 1;
                tracing::warn!(%error, attempt, "an insert is repeated");
                tokio::time::sleep(backoff(Duration::from_millis(50), attempt, Duration::from_secs(1))).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The life a task gets: what was asked, within what the tool allows.
fn granted(policy: &TaskPolicy, asked: AskedTtl) -> Option<Duration> {
    match asked {
        AskedTtl::Default => Some(policy.ttl.min(policy.max_ttl)),
        AskedTtl::Unlimited if policy.allow_unlimited => None,
        AskedTtl::Unlimited => Some(policy.max_ttl),
        AskedTtl::For(ttl) => Some(ttl.clamp(Duration::from_millis(1), policy.max_ttl)),
    }
}

fn run_policy(tool: &Tool) -> RunPolicy {
    let policy = tool.task_policy();
    let harmless = tool.hints().idempotent == Some(true) || tool.hints().read_only == Some(true);
    RunPolicy {
        rerun: policy.rerun.unwrap_or(if harmless { Rerun::Always { max_attempts: 3 } } else { Rerun::Never }),
        run_timeout_ms: millis(policy.run_timeout),
        input_timeout_ms: millis(policy.input_timeout),
        on_input_timeout: policy.on_input_timeout,
        retain_ms: millis(policy.retain),
    }
}

/// The idempotency key the client passed in `_meta`, scoped to owner and tool.
fn idempotency(shared: &Shared, call: &ToolCall, owner: Option<&Owner>) -> Result<Option<Idempotency>, CallError> {
    let Some(value) = call.meta.get(&shared.config.idempotency_meta) else { return Ok(None) };
    let invalid = |text: &str| CallError::InvalidParams(text.to_owned());
    let Value::String(key) = value else { return Err(invalid("the idempotency key is not a string")) };
    if key.is_empty() || key.len() > MAX_ID_BYTES {
        return Err(invalid("the idempotency key is not of 1 to 512 bytes"));
    }
    let owner = owner.ok_or_else(|| invalid("an idempotency key needs an identity or a session"))?;
    let scoped = ids::digest(&[owner.as_str().as_bytes(), call.tool.as_bytes(), key.as_bytes()]);
    let digest = ids::digest(&[call.tool.as_bytes(), &call.canonical_arguments()?]);
    Ok(Some(Idempotency { key: scoped, digest }))
}
