//! Submitting a task: all or nothing (contract T1, T14).

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::tasks::Tasks;
use crate::component::{TaskPolicy, Tool};
use crate::context::Caller;
use crate::error::Outcome;
use crate::ids::{self, MAX_ID_BYTES, TaskId};
use crate::json;
use crate::operation::{AskedTtl, CallError, CallTool, TaskView, tool};
use crate::principal::Owner;
use crate::runtime::node::Node;
use crate::task::{Idempotency, InsertOutcome, Journal, NewTask, Rerun, RunPolicy, TaskSpec, TaskState, TaskStatus};
use crate::time::{backoff, millis};

/// Under which `_meta` key a client asks for progress.
const PROGRESS_TOKEN: &str = "progressToken";
/// And says which trace its request belongs to (SEP-414).
const TRACE: &str = "traceparent";
/// How often an insert whose outcome is unknown is repeated; it carries its id, so it finds itself.
const TRIES: u32 = 4;

impl Tasks {
    /// Submits a call as a task: durable and visible on every node before this returns, or not at all. `journal` is what
    /// the call has of its time before it became a task.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        caller: &Caller,
        call: CallTool,
        ttl: AskedTtl,
        journal: Journal,
    ) -> Result<TaskView, CallError> {
        let node = &self.node;
        let tool = tool(&node.components, &call)?;
        let policy = tool.task_policy();
        let id = TaskId::random()?;
        let owner = caller.owner();
        let idempotency = idempotency(node, &call, owner.as_ref())?;
        let arguments = call.arguments.as_object().into_iter().flat_map(serde_json::Map::values);
        arguments.chain(call.meta.values()).try_for_each(json::check_depth)?;
        let overloaded = |retry_after| CallError::Overloaded { resource: "task creation", retry_after };
        node.task_rate.take(caller, Instant::now()).map_err(overloaded)?;

        let state = TaskState {
            policy: run_policy(tool),
            poll_ms: millis(policy.poll_interval),
            progress_token: call.meta.get(PROGRESS_TOKEN).cloned(),
            journal,
            ..TaskState::default()
        };
        let mut spec = TaskSpec::new(call.name, call.arguments, caller.auth.clone(), caller.scope.clone());
        spec.abilities = caller.abilities;
        spec.trace = call.meta.get(TRACE).and_then(Value::as_str).map(str::to_owned);
        spec.meta = call.meta;
        // What nobody owns shares no quota, and no lock of the store, with what others do not own (contract R2).
        let quota = owner.as_ref().map(|_| node.config.max_open_tasks);
        let owner = owner.unwrap_or_else(|| Owner::of_unowned(&id));
        let mut task = NewTask::new(id.clone(), owner, policy.queue.clone(), spec.encode()?, state.encode()?);
        task.session.clone_from(&caller.session);
        task.priority = policy.priority;
        task.status = TaskStatus::Working.code();
        task.ttl = granted(policy, ttl);
        task.idempotency = idempotency;
        task.quota = quota;

        match self.insert(task).await? {
            InsertOutcome::Inserted(head) => {
                self.announce(&id, Some(&policy.queue), None);
                Ok(TaskView::new(*head, Some(state)))
            }
            InsertOutcome::Existing(record) => {
                // One that only newer nodes can read is there all the same, and has an id.
                let state = record.state.as_deref().and_then(|state| TaskState::decode(state).ok());
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

    pub(super) async fn insert(&self, task: NewTask) -> Result<InsertOutcome, CallError> {
        let mut attempt = 0;
        loop {
            match self.node.stores.tasks.insert(task.clone()).await {
                Ok(answer) => {
                    self.node.observe(answer.now);
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
fn idempotency(node: &Node, call: &CallTool, owner: Option<&Owner>) -> Result<Option<Idempotency>, CallError> {
    let Some(value) = call.meta.get(&node.config.idempotency_meta) else { return Ok(None) };
    let invalid = |text: &str| CallError::InvalidParams(text.to_owned());
    let Value::String(key) = value else { return Err(invalid("the idempotency key is not a string")) };
    if key.is_empty() || key.len() > MAX_ID_BYTES {
        return Err(invalid("the idempotency key is not of 1 to 512 bytes"));
    }
    let owner = owner.ok_or_else(|| invalid("an idempotency key needs an identity or a session"))?;
    let scoped = ids::digest(&[owner.as_str().as_bytes(), call.name.as_bytes(), key.as_bytes()]);
    let digest = ids::digest(&[call.name.as_bytes(), &call.canonical_arguments()?]);
    Ok(Some(Idempotency { key: scoped, digest }))
}
