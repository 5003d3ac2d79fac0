//! Tasks of the 2025-11-25 wire, which the protocol layer has no types for.

mod result;
mod view;

use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::{AskedTtl, CallOutcome, CallTool, CancelTask, GetTask, ListTasks, TaskMode, TaskView};
use rmcp::model::{CallToolResponse, CustomNotification, ErrorData, JsonObject, ServerNotification};
use serde_json::{Value, json};

use crate::incoming::Incoming;
use crate::wire::{content, errors};

/// Serves a renamed request of a session; `meta` is `_meta` of its params.
pub(crate) async fn serve(
    incoming: &Incoming<'_>,
    knows_tasks: bool,
    method: &str,
    params: Value,
    meta: JsonObject,
) -> Result<Value, ErrorData> {
    match method {
        "tools/call" => call(incoming, knows_tasks, params, meta).await,
        // A session of an older revision knows none of these.
        _ if !knows_tasks => Err(errors::method_not_found(method)),
        "tasks/get" => {
            let task = incoming.ask(GetTask::new(task_id(&params)?)).await;
            task.map(|task| view::task(&task)).map_err(|error| incoming.refused(&error))
        }
        "tasks/list" => list(incoming, &params).await,
        "tasks/cancel" => {
            let cancelled = incoming.ask(CancelTask::new(task_id(&params)?)).await;
            let cancelled = cancelled.map_err(|error| incoming.refused(&error))?;
            if cancelled.was_terminal {
                return Err(errors::invalid_params("the task has already ended"));
            }
            Ok(view::task(&cancelled.task))
        }
        "tasks/result" => result::wait(incoming, task_id(&params)?).await,
        _ => Err(errors::method_not_found(method)),
    }
}

async fn list(incoming: &Incoming<'_>, params: &Value) -> Result<Value, ErrorData> {
    let cursor = match params.get("cursor") {
        None | Some(Value::Null) => None,
        Some(cursor) => Some(cursor.as_str().ok_or(errors::invalid_params("cursor is not a string"))?.to_owned()),
    };
    let page = incoming.ask(ListTasks::new(cursor)).await.map_err(|error| incoming.refused(&error))?;
    let mut list = JsonObject::new();
    list.insert("tasks".to_owned(), page.tasks.iter().map(view::task).collect());
    if let Some(cursor) = page.next_cursor {
        list.insert("nextCursor".to_owned(), Value::String(cursor));
    }
    Ok(Value::Object(list))
}

/// A `tools/call` that asks to run as a task.
async fn call(incoming: &Incoming<'_>, knows_tasks: bool, params: Value, meta: JsonObject) -> Result<Value, ErrorData> {
    let Value::Object(mut params) = params else { return Err(errors::invalid_params("params are not an object")) };
    let Some(Value::String(name)) = params.remove("name") else {
        return Err(errors::invalid_params("name is not a string"));
    };
    let arguments = match params.remove("arguments") {
        None | Some(Value::Null) => JsonObject::new(),
        Some(Value::Object(arguments)) => arguments,
        Some(_) => return Err(errors::invalid_params("arguments are not an object")),
    };
    // Who does not know tasks did not ask for one, whatever the params say.
    let tasks = if knows_tasks { TaskMode::Requested(asked_ttl(params.get("task"))?) } else { TaskMode::Unknown };
    let request = CallTool::new(name, arguments).meta(meta).tasks(tasks);
    match incoming.ask(request).await.map_err(|error| incoming.refused(&error))? {
        CallOutcome::Task(task) => Ok(json!({ "task": view::task(&task) })),
        CallOutcome::Complete(output) => result::of_call(content::call_result(output)?),
        CallOutcome::InputRequired { .. } => Err(errors::invalid_params("the call cannot be suspended")),
    }
}

/// What a session is told when the status of one of its tasks has changed. The protocol layer's own is that of 2026-07-28.
pub(crate) fn status(task: &TaskView) -> ServerNotification {
    let status = CustomNotification::new("notifications/tasks/status", Some(view::task(task)));
    ServerNotification::CustomNotification(status)
}

/// The answer of a call in a session.
pub(crate) fn answer(outcome: CallOutcome) -> Result<CallToolResponse, ErrorData> {
    match outcome {
        CallOutcome::Complete(output) => Ok(CallToolResponse::Complete(content::call_result(output)?)),
        // Its client answers within the call, and was not said to know tasks.
        CallOutcome::InputRequired { .. } | CallOutcome::Task(_) => {
            Err(errors::invalid_params("the call cannot be suspended"))
        }
    }
}

fn asked_ttl(task: Option<&Value>) -> Result<AskedTtl, ErrorData> {
    let task = task.and_then(Value::as_object).ok_or(errors::invalid_params("task is not an object"))?;
    match task.get("ttl") {
        None => Ok(AskedTtl::Default),
        Some(Value::Null) => Ok(AskedTtl::Unlimited),
        Some(ttl) => match ttl.as_f64().map(|ms| Duration::try_from_secs_f64(ms / 1_000.0)) {
            Some(Ok(ttl)) => Ok(AskedTtl::For(ttl)),
            _ => Err(errors::invalid_params("task.ttl is neither null nor a number of milliseconds")),
        },
    }
}

fn task_id(params: &Value) -> Result<TaskId, ErrorData> {
    let id = params.get("taskId").and_then(Value::as_str);
    id.map(TaskId::new).ok_or(errors::invalid_params("taskId is not a string"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_a_number_of_milliseconds_or_null() {
        let asked = |task: Value| asked_ttl(Some(&task)).ok();
        assert_eq!(asked(json!({})), Some(AskedTtl::Default));
        assert_eq!(asked(json!({ "ttl": null })), Some(AskedTtl::Unlimited));
        assert_eq!(asked(json!({ "ttl": 60_000 })), Some(AskedTtl::For(Duration::from_secs(60))));
        for wrong in [json!({ "ttl": -1 }), json!({ "ttl": "1" }), json!({ "ttl": 1e300 }), json!(7), json!(null)] {
            assert_eq!(asked(wrong), None);
        }
    }
}
