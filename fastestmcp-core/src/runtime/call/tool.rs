//! `tools/call`, in all its forms: answered while the client waits, over several legs, or by a task.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::plain::{self, Ended, Invocation};
use super::suspend::{resume, suspend};
use crate::component::{Component, Components, Tool, ToolOutput};
use crate::context::Caller;
use crate::context::{Failure, Replay, ToolError};
use crate::operation::{
    AskedTtl, CallError, CallOutcome, CallTool, Plan, Requester, Resume, TaskMode, TaskView, plan, tool,
};
use crate::runtime::node::Node;
use crate::runtime::task::{Serve, Tasks, watch};
use crate::task::{Journal, TaskOutcome};

impl Serve for CallTool {
    fn admit(&self, components: &Components) -> Result<(), CallError> {
        plan(components, self).map(drop)
    }

    async fn serve(self, tasks: &Arc<Tasks>, requester: Requester) -> Result<CallOutcome, CallError> {
        let components = &tasks.node.components;
        let tool = tool(components, &self)?.clone();
        match plan(components, &self)? {
            Plan::Plain { may_detach } => plain(tasks, requester, self, &tool, may_detach).await,
            Plan::Task { ttl, inline_for } => as_task(tasks, requester, self, &tool, ttl, inline_for).await,
        }
    }
}

async fn plain(
    tasks: &Arc<Tasks>,
    requester: Requester,
    request: CallTool,
    tool: &Arc<Tool>,
    may_detach: bool,
) -> Result<CallOutcome, CallError> {
    let node = &tasks.node;
    let replay = replay_of(node, &requester.caller, &request).await?;
    let caller = requester.caller.clone();
    let (arguments, meta) = (request.arguments.clone(), request.meta.clone());
    let invocation = Invocation { arguments, meta, replay, may_detach };
    match plain::call(node, tool, invocation, requester).await? {
        Ended::Complete(output) => Ok(CallOutcome::Complete(output)),
        Ended::Suspended(journal) => {
            let requests = journal.open_inputs().map(|(key, asked)| (key.to_owned(), asked.clone())).collect();
            let state = suspend(node, &caller, &request, journal).await?;
            Ok(CallOutcome::InputRequired { requests, state })
        }
        Ended::Detached(journal) => {
            let task = tasks.submit(&caller, request, AskedTtl::Default, journal).await?;
            Ok(CallOutcome::Task(Box::new(task)))
        }
    }
}

/// What a call that goes on has of its earlier legs; nothing for a new one.
async fn replay_of(node: &Node, caller: &Caller, request: &CallTool) -> Result<Replay, CallError> {
    let Some(Resume { state, answers }) = &request.resume else { return Ok(Replay::default()) };
    let Some(state) = state else {
        // The client answers what it knows will be asked.
        return Ok(Replay::resumed(Journal::default(), answers.clone()));
    };
    let mut journal = resume(node, caller, request, state).await?;
    // One invalid answer must not cost the others; it is asked for again.
    for (key, answer) in answers {
        if let Err(error) = journal.answer(BTreeMap::from([(key.clone(), answer.clone())])) {
            tracing::debug!(%error, "an answer is asked for again");
        }
    }
    Ok(Replay::resumed(journal, BTreeMap::new()))
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
        // No task is made of what cannot run. Who asked for one gets an error, for it takes no result in its place.
        return match request.tasks {
            TaskMode::Requested(_) => Err(CallError::InvalidParams(text)),
            _ => Ok(CallOutcome::Complete(ToolOutput::error(text))),
        };
    }
    let task = tasks.submit(&requester.caller, request, ttl, Journal::default()).await?;
    let task = if inline_for.is_zero() { task } else { ended_soon(tasks, requester, task, inline_for).await? };
    match task.outcome {
        _ if inline_for.is_zero() => {}
        Some(TaskOutcome::Result(result)) => return Ok(CallOutcome::Complete(serde_json::from_value(result)?)),
        Some(TaskOutcome::Error(error)) => return Err(CallError::Rpc(error)),
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

/// The task once it has ended, or as it is when the client has waited long enough; then the client polls.
async fn ended_soon(
    tasks: &Arc<Tasks>,
    requester: Requester,
    task: TaskView,
    inline_for: Duration,
) -> Result<TaskView, CallError> {
    if task.status.is_terminal() {
        return Ok(task);
    }
    let mut watch = watch(tasks, &requester.caller, &task.id, requester.slots).await?;
    match tokio::time::timeout(inline_for, watch.ended()).await {
        Ok(ended) => ended.cloned(),
        Err(_) => Ok(watch.view().clone()),
    }
}
