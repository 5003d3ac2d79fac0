//! `tools/call`, in all its forms: answered while the client waits, over several legs, or by a task.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

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
use crate::task::{InputRequest, Journal, TaskOutcome};

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
            let given = request.resume.as_ref().map(|resume| &resume.answers);
            let asked = |(key, asked): (&str, &InputRequest)| {
                // The journal keeps the question as the handler put it.
                let refused = given.and_then(|given| asked.check(given.get(key)?).err());
                (key.to_owned(), refused.map_or_else(|| asked.clone(), |reason| asked.again(&reason)))
            };
            let requests = journal.open_inputs().map(asked).collect();
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
