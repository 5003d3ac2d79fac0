//! The 2026-07-28 wire: answers of calls, and the tasks extension.

mod listen;
mod view;

use std::collections::BTreeMap;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::{CallOutcome, CancelTask, GetTask, UpdateTask};
use fastestmcp_core::task::InputRequest;
use rmcp::model::{
    CallToolResponse, CancelTaskParams, CreateTaskResult, ErrorData, GetTaskParams, GetTaskResult, InputRequiredResult,
    UpdateTaskParams,
};

use crate::incoming::Incoming;
use crate::wire::{content, errors};

pub(crate) use listen::listen;

/// The answer of a call.
pub(crate) fn answer(outcome: CallOutcome) -> Result<CallToolResponse, ErrorData> {
    Ok(match outcome {
        CallOutcome::Complete(output) => CallToolResponse::Complete(content::call_result(output)?),
        CallOutcome::InputRequired { requests, state } => {
            CallToolResponse::InputRequired(input_required(&requests, state)?)
        }
        CallOutcome::Task(task) => CallToolResponse::Task(CreateTaskResult::new(view::task(&task))),
    })
}

/// The answer of a read or of a prompt: its result, or what the client is asked before there is one. In a session nothing is
/// asked this way, for its client answers within the request.
pub(crate) fn answer_of<O, W, R: From<W> + From<InputRequiredResult>>(
    outcome: CallOutcome<O>,
    wire: impl FnOnce(O) -> Result<W, ErrorData>,
) -> Result<R, ErrorData> {
    match outcome {
        CallOutcome::Complete(output) => wire(output).map(R::from),
        CallOutcome::InputRequired { requests, state } => input_required(&requests, state).map(R::from),
        CallOutcome::Task(_) => Err(errors::invalid_params("the request cannot become a task")),
    }
}

fn input_required(requests: &BTreeMap<String, InputRequest>, state: String) -> Result<InputRequiredResult, ErrorData> {
    Ok(InputRequiredResult::new(Some(view::input_requests(requests)?), Some(state)))
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
