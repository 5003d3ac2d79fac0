//! The 2026-07-28 wire: answers of calls, and the tasks extension.

mod listen;
mod view;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::{CallOutcome, CancelTask, GetTask, UpdateTask};
use rmcp::model::{
    CallToolResponse, CancelTaskParams, CreateTaskResult, ErrorData, GetTaskParams, GetTaskResult, InputRequiredResult,
    UpdateTaskParams,
};

use crate::incoming::Incoming;
use crate::wire::content;

pub(crate) use listen::listen;

/// The answer of a call.
pub(crate) fn answer(outcome: CallOutcome) -> Result<CallToolResponse, ErrorData> {
    Ok(match outcome {
        CallOutcome::Complete(output) => CallToolResponse::Complete(content::call_result(output)?),
        CallOutcome::InputRequired { requests, state } => {
            let requests = view::input_requests(&requests)?;
            CallToolResponse::InputRequired(InputRequiredResult::new(Some(requests), Some(state)))
        }
        CallOutcome::Task(task) => CallToolResponse::Task(CreateTaskResult::new(view::task(&task))),
    })
}

/// `tasks/get`.
pub(crate) async fn get(incoming: &Incoming<'_>, request: GetTaskParams) -> Result<GetTaskResult, ErrorData> {
    let task = incoming.ask(GetTask::new(TaskId::new(request.task_id))).await;
    Ok(GetTaskResult::new(view::detailed(&task.map_err(|error| incoming.refused(&error))?)?))
}

/// `tasks/update`.
pub(crate) async fn update(incoming: &Incoming<'_>, request: UpdateTaskParams) -> Result<(), ErrorData> {
    let update = UpdateTask::new(TaskId::new(request.task_id), request.input_responses);
    incoming.ask(update).await.map_err(|error| incoming.refused(&error))
}

/// `tasks/cancel`: acknowledged also for a task that has ended.
pub(crate) async fn cancel(incoming: &Incoming<'_>, request: CancelTaskParams) -> Result<(), ErrorData> {
    let cancelled = incoming.ask(CancelTask::new(TaskId::new(request.task_id))).await;
    cancelled.map(drop).map_err(|error| incoming.refused(&error))
}
