//! A tool for each verb of stored values, and how a case calls it.

use std::time::Duration;

use fastestmcp_core::component::Tool;
use fastestmcp_core::context::{Caller, Context, State, ToolError};
use fastestmcp_core::operation::CallError;
use serde_json::{Map, Value};

use super::steps::{nobody, said};
use crate::stage::Replica;

const ABSENT: &str = "absent";

type Arguments = Map<String, Value>;

fn word<'a>(arguments: &'a Arguments, name: &str) -> Option<&'a str> {
    arguments.get(name)?.as_str()
}

/// The values that a call is about: those of the server under the name `app`, of the handle `handle`, or its own.
async fn state(cx: &Context, arguments: &Arguments) -> Result<State, ToolError> {
    match (word(arguments, "app"), word(arguments, "handle")) {
        (Some(name), _) => Ok(cx.app_state(name)),
        (None, Some(id)) => Ok(cx.handle(id).await?),
        (None, None) => Ok(cx.state()?),
    }
}

/// `get`, `set`, `add` and `delete` of a `key`, and `make` of a handle for `ms`.
pub(super) fn verbs() -> [Tool; 5] {
    fn key(arguments: &Arguments) -> &str {
        word(arguments, "key").unwrap_or_default()
    }
    [
        Tool::new("get", async |cx: Context, arguments: Arguments| {
            let found = state(&cx, &arguments).await?.get::<Value>(key(&arguments)).await?;
            Ok(found.map_or_else(|| ABSENT.to_owned(), |value| value.to_string()))
        }),
        Tool::new("set", async |cx: Context, arguments: Arguments| {
            let value = arguments.get("value").cloned().unwrap_or_default();
            state(&cx, &arguments).await?.set(key(&arguments), &value).await?;
            Ok("set")
        }),
        Tool::new("add", async |cx: Context, arguments: Arguments| {
            let add = |n: Option<u64>| n.unwrap_or_default() + 1;
            Ok(state(&cx, &arguments).await?.update(key(&arguments), add).await?.to_string())
        }),
        Tool::new("delete", async |cx: Context, arguments: Arguments| {
            state(&cx, &arguments).await?.delete(key(&arguments)).await?;
            Ok("deleted")
        }),
        Tool::new("make", async |cx: Context, arguments: Arguments| {
            let ms = arguments.get("ms").and_then(Value::as_u64).unwrap_or_default();
            Ok(cx.create_handle(Duration::from_millis(ms)).await?)
        }),
    ]
}

/// What one of them says; what it tells the model of a failure is an error.
pub(super) async fn act(replica: &Replica, caller: &Caller, verb: &str, arguments: Value) -> Result<String, CallError> {
    let output = replica.call(caller, verb, arguments, nobody()).await?;
    let text = said(&output).unwrap_or_default();
    if output.is_error { Err(CallError::InvalidParams(text)) } else { Ok(text) }
}

pub(super) fn absent(said: &str) -> bool {
    said == ABSENT
}
