//! Tasks of the 2026-07-28 extension.

mod listen;
mod view;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::runtime::{AskedTtl, Caller, Runtime, TaskView, ToolCall};
use fastestmcp_core::task::TaskOutcome;
use rmcp::model::{
    CallToolResponse, CallToolResult, CancelTaskParams, ClientCapabilities, CreateTaskResult, ErrorData, GetTaskParams,
    GetTaskResult, ResultType, UpdateTaskParams,
};

use crate::handler::McpHandler;
use crate::wire::errors;

pub(crate) use listen::listen;

/// What a client is told that needs the tasks extension and did not declare it.
pub(crate) fn needs_extension() -> ErrorData {
    ErrorData::missing_required_client_capability(ClientCapabilities::builder().enable_tasks().build())
}

/// Runs a call as a task; answers it directly if it ends within the tool's `inline_for`.
pub(crate) async fn submit(handler: &McpHandler, call: ToolCall) -> Result<CallToolResponse, ErrorData> {
    let runtime = handler.runtime();
    let refused = |error| errors::refused(&error);
    let inline_for = runtime.tool(&call.tool).map(|tool| tool.task_policy().inline_for).unwrap_or_default();
    let caller = call.caller.clone();
    let task = runtime.submit(call, AskedTtl::Default).await.map_err(refused)?;
    let mut latest = task;
    if !inline_for.is_zero() && !latest.status.is_terminal() {
        let mut watch = runtime.watch_task(&caller, &latest.id).await.map_err(refused)?;
        let ended = async {
            while !watch.view().status.is_terminal() {
                watch.changed().await?;
            }
            Ok(())
        };
        // Out of time or out of luck: the client gets the task and polls.
        if let Ok(waited) = tokio::time::timeout(inline_for, ended).await {
            waited.map_err(refused)?;
        }
        latest = watch.view().clone();
    }
    if !inline_for.is_zero()
        && let Some(answer) = direct(&latest)
    {
        return answer;
    }
    Ok(created(&latest))
}

/// The task as the answer of the call.
pub(crate) fn created(task: &TaskView) -> CallToolResponse {
    CallToolResponse::Task(CreateTaskResult::new(view::task(task)))
}

/// The outcome as the answer of the call itself.
fn direct(view: &TaskView) -> Option<Result<CallToolResponse, ErrorData>> {
    match view.outcome.as_ref()? {
        TaskOutcome::Result(result) => {
            let result = serde_json::from_value(result.clone()).map_err(|error| errors::internal(&error));
            Some(result.map(|mut result: CallToolResult| {
                // What is stored fits both eras, and only this one has the discriminator.
                result.result_type = Some(ResultType::COMPLETE);
                CallToolResponse::Complete(result)
            }))
        }
        TaskOutcome::Error(error) => Some(Err(errors::data(error.clone()))),
        TaskOutcome::Cancelled => None,
    }
}

/// `tasks/get`.
pub(crate) async fn get(
    runtime: &Runtime,
    caller: &Caller,
    request: GetTaskParams,
) -> Result<GetTaskResult, ErrorData> {
    let view = runtime.task(caller, &TaskId::new(request.task_id)).await.map_err(|error| errors::refused(&error))?;
    Ok(GetTaskResult::new(view::detailed(&view)?))
}

/// `tasks/update`.
pub(crate) async fn update(runtime: &Runtime, caller: &Caller, request: UpdateTaskParams) -> Result<(), ErrorData> {
    let id = TaskId::new(request.task_id);
    runtime.answer_task(caller, &id, request.input_responses).await.map_err(|error| errors::refused(&error))
}

/// `tasks/cancel`: acknowledged also for a task that has ended.
pub(crate) async fn cancel(runtime: &Runtime, caller: &Caller, request: CancelTaskParams) -> Result<(), ErrorData> {
    let id = TaskId::new(request.task_id);
    runtime.cancel_task(caller, &id).await.map(drop).map_err(|error| errors::refused(&error))
}
