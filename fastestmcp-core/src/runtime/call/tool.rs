//! `tools/call`, in all its forms: answered while the client waits, over several legs, or by a task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::leg::{Leg, LegEnd};
use super::suspend::Bound;
use crate::component::{Component, Tool, ToolOutput, Visible};
use crate::context::{Failure, ToolError};
use crate::operation::{AskedTtl, CallError, CallOutcome, CallTool, Plan, Requester, TaskView, plan};
use crate::runtime::task::{Serve, Tasks, watch};
use crate::task::{Journal, TaskOutcome};

impl Serve for CallTool {
    const IS_OF_COMPONENTS: bool = true;

    fn admit(&self, visible: Visible<'_>) -> Result<(), CallError> {
        tool(visible, self)?;
        plan(visible.components, self).map(drop)
    }

    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<CallOutcome, CallError> {
        let components = &tasks.node.components;
        let tool = tool(Visible { components, view: &requester.view }, &self)?.clone();
        match plan(components, &self)? {
            Plan::Plain { may_detach } => plain(tasks, requester, self, &tool, may_detach).await,
            Plan::Task { ttl, inline_for } => Box::pin(as_task(tasks, requester, self, &tool, ttl, inline_for)).await,
        }
    }
}

fn tool<'c>(visible: Visible<'c>, call: &CallTool) -> Result<&'c Arc<Tool>, CallError> {
    visible.tool(&call.name).ok_or_else(|| CallError::UnknownTool(call.name.clone()))
}

async fn plain(
    tasks: &Arc<Tasks>,
    requester: Requester,
    request: CallTool,
    tool: &Arc<Tool>,
    may_detach: bool,
) -> Result<CallOutcome, CallError> {
    let caller = requester.caller.clone();
    let leg = Leg {
        bound: Bound { method: "tools/call", name: &request.name, arguments: &request.arguments },
        resume: request.resume.as_ref(),
        arguments: request.arguments.clone(),
        meta: request.meta.clone(),
        may_detach,
    };
    match leg.run(&tasks.node, tool, requester).await? {
        LegEnd::Detached(journal) => {
            let task = Box::pin(tasks.submit(&caller, request, AskedTtl::Default, journal)).await?;
            Ok(CallOutcome::Task(Box::new(task)))
        }
        ended => ended.without_task(),
    }
}

async fn as_task(
    tasks: &Arc<Tasks>,
    requester: Requester,
    request: CallTool,
    tool: &Arc<Tool>,
    ttl: AskedTtl,
    inline_for: Duration,
) -> Result<CallOutcome, CallError> {
    if let Some(text) = unreadable(tool, &request) {
        // No task is made of what cannot run. It is for the model to mend, also where a task was asked for.
        return Ok(CallOutcome::Complete(ToolOutput::error(text)));
    }
    let task = tasks.submit(&requester.caller, request, ttl, Journal::default()).await?;
    if inline_for.is_zero() {
        return Ok(CallOutcome::Task(Box::new(task)));
    }
    let task = ended_soon(tasks, requester, task, inline_for).await;
    match &task.outcome {
        Some(TaskOutcome::Result(result)) => match serde_json::from_value(result.clone()) {
            Ok(output) => return Ok(CallOutcome::Complete(output)),
            Err(error) => tracing::debug!(task = %task.id.short(), %error, "a result is left to who reads the task"),
        },
        Some(TaskOutcome::Error(error)) => return Err(CallError::Rpc(error.clone())),
        Some(TaskOutcome::Cancelled) | None => {}
    }
    Ok(CallOutcome::Task(Box::new(task)))
}

/// What is wrong with the arguments, in words for the model.
fn unreadable(tool: &Tool, request: &CallTool) -> Option<String> {
    // The author's code, and outside of any handler. One that panics here does so again in the task, and ends it.
    let prepared = catch_unwind(AssertUnwindSafe(|| tool.prepare(&request.arguments).map(drop)));
    match prepared {
        Ok(Err(ToolError(Failure::Visible(text)))) => Some(text),
        _ => None,
    }
}

/// The task once it has ended, or as it is when the client has waited long enough, or cannot be waited for; then the
/// client polls. It is no error that a task cannot be waited for: it runs, and who is not given its id makes another.
async fn ended_soon(tasks: &Arc<Tasks>, requester: Requester, task: TaskView, inline_for: Duration) -> TaskView {
    let Requester { caller, slots, .. } = requester;
    // Without room there is none to wait.
    if task.status.is_terminal() || slots.is_empty() {
        return task;
    }
    let until = Instant::now() + inline_for;
    let mut watch = match timeout_at(until, watch(tasks, &caller, &task.id, slots)).await {
        Ok(Ok(watch)) => watch,
        Ok(Err(error)) => {
            tracing::debug!(task = %task.id.short(), %error, "a new task cannot be waited for");
            return task;
        }
        Err(_) => return task,
    };
    match timeout_at(until, watch.ended()).await {
        Ok(Ok(ended)) => ended.clone(),
        Ok(Err(error)) => {
            tracing::debug!(task = %task.id.short(), %error, "a new task is not waited for any longer");
            task
        }
        Err(_) => watch.view().clone(),
    }
}
