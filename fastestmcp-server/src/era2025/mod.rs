//! Tasks of the 2025-11-25 wire, which the protocol layer has no types for.

mod question;
mod result;
mod view;

pub(crate) use question::Question;

use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::runtime::{AskedTtl, Caller, ToolCall};
use fastestmcp_core::tool::TaskSupport;
use rmcp::model::{CallToolResponse, ErrorData, JsonObject};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};

use crate::handler::McpHandler;
use crate::peer_client::PeerClient;
use crate::wire::errors;

/// Serves a renamed request of a session.
pub(crate) async fn serve(
    handler: &McpHandler,
    caller: Caller,
    knows_tasks: bool,
    method: &str,
    params: Value,
    cx: RequestContext<RoleServer>,
) -> Result<Value, ErrorData> {
    let runtime = handler.runtime();
    let refused = |error| errors::refused(&error);
    match method {
        "tools/call" => call(handler, caller, knows_tasks, params, cx).await,
        // A session of an older revision knows none of these.
        _ if !knows_tasks => Err(errors::method_not_found(method)),
        "tasks/get" => Ok(view::task(&runtime.task(&caller, &task_id(&params)?).await.map_err(refused)?)),
        "tasks/list" => {
            let cursor = match params.get("cursor") {
                None | Some(Value::Null) => None,
                Some(cursor) => Some(cursor.as_str().ok_or(errors::invalid_params("cursor is not a string"))?),
            };
            let page = runtime.list_tasks(&caller, cursor).await.map_err(refused)?;
            let mut list = JsonObject::new();
            list.insert("tasks".to_owned(), page.tasks.iter().map(view::task).collect());
            if let Some(cursor) = page.next_cursor {
                list.insert("nextCursor".to_owned(), Value::String(cursor));
            }
            Ok(Value::Object(list))
        }
        "tasks/cancel" => {
            let cancelled = runtime.cancel_task(&caller, &task_id(&params)?).await.map_err(refused)?;
            if cancelled.was_terminal {
                return Err(errors::invalid_params("the task has already ended"));
            }
            Ok(view::task(&cancelled.task))
        }
        "tasks/result" => result::wait(runtime, &caller, &task_id(&params)?, &cx).await,
        _ => Err(errors::method_not_found(method)),
    }
}

/// A `tools/call` that asks to run as a task.
async fn call(
    handler: &McpHandler,
    caller: Caller,
    knows_tasks: bool,
    params: Value,
    cx: RequestContext<RoleServer>,
) -> Result<Value, ErrorData> {
    let Value::Object(mut params) = params else { return Err(errors::invalid_params("params are not an object")) };
    let Some(Value::String(name)) = params.remove("name") else {
        return Err(errors::invalid_params("name is not a string"));
    };
    let arguments = match params.remove("arguments") {
        None | Some(Value::Null) => JsonObject::new(),
        Some(Value::Object(arguments)) => arguments,
        Some(_) => return Err(errors::invalid_params("arguments are not an object")),
    };
    let support = handler.runtime().tool(&name).map(|tool| tool.task_policy().support);
    let client = PeerClient::of(&cx, true);
    let mut call = ToolCall::new(name, arguments, caller);
    call.meta = cx.meta.0.0;
    match support {
        Some(TaskSupport::Forbidden) if knows_tasks => {
            Err(errors::method_not_found("this tool does not run as a task"))
        }
        // Who does not know tasks did not ask for one, whatever the params say.
        Some(TaskSupport::Required) if !knows_tasks => Err(errors::method_not_found("this tool runs as a task only")),
        _ if !knows_tasks => {
            call.cancelled = cx.ct;
            match handler.plain_call(call, client).await? {
                CallToolResponse::Complete(result) => result::of_call(result),
                _ => Err(errors::invalid_params("the call cannot be suspended")),
            }
        }
        _ => {
            let ttl = asked_ttl(params.get("task"))?;
            let task = handler.runtime().submit(call, ttl).await.map_err(|error| errors::refused(&error))?;
            Ok(json!({ "task": view::task(&task) }))
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
