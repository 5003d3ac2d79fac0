use fastestmcp_core::operation::TaskView;
use fastestmcp_core::task::{InputRequest, RpcError, TaskOutcome, TaskStatus};
use rmcp::model::{DetailedTask, ErrorData, InputRequests, JsonObject, Task, TaskPayload, TaskStatus as WireStatus};
use serde_json::Value;

use crate::wire::{errors, time};

/// A task in the words of 2026-07-28.
pub(super) fn task(view: &TaskView) -> Task {
    let created = time::iso(view.created);
    let mut task = Task::new(view.id.as_str(), status(view.status), created, time::iso(view.updated));
    task.status_message = view.progress.as_ref().and_then(|progress| progress.message.clone());
    task.ttl_ms = view.ttl.map(time::ms);
    task.poll_interval_ms = Some(time::ms(view.poll_interval));
    task
}

/// The same with what it waits for or how it ended.
pub(super) fn detailed(view: &TaskView) -> Result<DetailedTask, ErrorData> {
    let payload = match status(view.status) {
        WireStatus::InputRequired => TaskPayload::InputRequired { input_requests: input_requests(&view.inputs)? },
        WireStatus::Completed => TaskPayload::Completed { result: result(view) },
        WireStatus::Failed => TaskPayload::Failed { error: error(view)? },
        WireStatus::Cancelled => TaskPayload::Cancelled,
        _ => TaskPayload::Working,
    };
    Ok(DetailedTask::new(task(view), payload))
}

const fn status(status: TaskStatus) -> WireStatus {
    match status {
        TaskStatus::Working => WireStatus::Working,
        TaskStatus::InputRequired => WireStatus::InputRequired,
        TaskStatus::Completed | TaskStatus::ToolError => WireStatus::Completed,
        TaskStatus::Failed | TaskStatus::DeadLetter => WireStatus::Failed,
        TaskStatus::Cancelled => WireStatus::Cancelled,
    }
}

/// The result, with the discriminator that every result of this revision has.
fn result(view: &TaskView) -> JsonObject {
    let mut result = match &view.outcome {
        Some(TaskOutcome::Result(Value::Object(result))) => result.clone(),
        _ => JsonObject::new(),
    };
    result.entry("resultType").or_insert_with(|| Value::String("complete".to_owned()));
    result
}

fn error(view: &TaskView) -> Result<JsonObject, ErrorData> {
    let error = match &view.outcome {
        Some(TaskOutcome::Error(error)) => error.clone(),
        _ => RpcError::internal("internal"),
    };
    match serde_json::to_value(error) {
        Ok(Value::Object(error)) => Ok(error),
        Ok(_) => Ok(JsonObject::new()),
        Err(error) => Err(errors::internal(&error)),
    }
}

/// Typed, as results carry them.
pub(super) fn input_requests<'a>(
    requests: impl IntoIterator<Item = (&'a String, &'a InputRequest)>,
) -> Result<InputRequests, ErrorData> {
    let typed = |request: &InputRequest| serde_json::to_value(request).and_then(serde_json::from_value);
    requests
        .into_iter()
        .map(|(key, request)| Ok((key.clone(), typed(request).map_err(|error| errors::internal(&error))?)))
        .collect()
}
