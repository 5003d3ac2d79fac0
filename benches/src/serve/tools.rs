use std::time::Duration;

use fastestmcp::Selector;
use fastestmcp::prelude::*;

use super::calls::Calls;

/// Says its argument again.
pub const ECHO: &str = "echo";
/// How often each operation of the store was called.
pub const CALLS: &str = "calls";
/// Makes a handle.
pub const OPEN: &str = "open";
/// Adds one to the value under a handle.
pub const COUNT: &str = "count";
/// Reads a value of the caller, and says its argument again.
pub const GET: &str = "get";
/// Stores its argument as a value of the caller, and says it again.
pub const PUT: &str = "put";
/// Replaces a value of the caller by its argument, and says it again.
pub const UPDATE: &str = "update";
/// Hides [`HIDDEN`] from the caller.
pub const HIDE: &str = "hide";
/// What can be hidden.
pub const HIDDEN: &str = "hidden";
/// Tells all who are subscribed to [`news`] that there are any.
pub const PUBLISH: &str = "publish";

/// How many bytes are allocated; only the binary has it that counts them.
pub const HEAP: &str = "heap";

const KEY: &str = "value";
const HANDLE_TTL: Duration = Duration::from_secs(3_600);
/// Bytes that fill the URI of the news.
const LONG: usize = 1_000;

/// The URI of the resource that is published: long, so that its notifications fill a client's buffers within seconds.
pub fn news() -> String {
    format!("bench://news/{}", "x".repeat(LONG))
}

#[derive(Deserialize, JsonSchema)]
struct Say {
    /// What to say again.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Count {
    /// What `open` said.
    handle: String,
}

async fn echo(_: Context, say: Say) -> Result<String, ToolError> {
    Ok(say.text)
}

async fn open(cx: Context, _: ()) -> Result<String, ToolError> {
    Ok(cx.create_handle(HANDLE_TTL).await?)
}

async fn count(cx: Context, count: Count) -> Result<String, ToolError> {
    let state = cx.handle(&count.handle).await?;
    let calls = state.update(KEY, |calls: Option<u64>| calls.unwrap_or(0) + 1).await?;
    Ok(calls.to_string())
}

async fn get(cx: Context, say: Say) -> Result<String, ToolError> {
    cx.get_state::<String>(KEY).await?;
    Ok(say.text)
}

async fn put(cx: Context, say: Say) -> Result<String, ToolError> {
    cx.set_state(KEY, &say.text).await?;
    Ok(say.text)
}

async fn update(cx: Context, say: Say) -> Result<String, ToolError> {
    Ok(cx.update_state(KEY, |_: Option<String>| say.text.clone()).await?)
}

async fn hide(cx: Context, _: ()) -> Result<&'static str, ToolError> {
    cx.hide(Selector::name(HIDDEN)).await?;
    Ok("hidden")
}

async fn hidden(_: Context, _: ()) -> Result<&'static str, ToolError> {
    Ok("not hidden")
}

async fn publish(cx: Context, say: Say) -> Result<String, ToolError> {
    cx.notify_resource_updated(news());
    Ok(say.text)
}

async fn calls(calls: Calls, _: Context, _: ()) -> Result<String, ToolError> {
    Ok(serde_json::to_string(&calls.all())?)
}

/// All tools of the server; [`CALLS`] says what was counted.
pub(super) fn tools(counted: Calls) -> Vec<Tool> {
    vec![
        Tool::new(ECHO, echo).description("Says it again."),
        Tool::new(OPEN, open).description("Makes a handle."),
        Tool::new(COUNT, count).description("Adds one to what the handle holds."),
        Tool::new(GET, get).description("Reads a value."),
        Tool::new(PUT, put).description("Stores a value."),
        Tool::new(UPDATE, update).description("Replaces a value."),
        Tool::new(HIDE, hide).description("Hides a tool."),
        Tool::new(HIDDEN, hidden).description("Can be hidden."),
        Tool::new(PUBLISH, publish).description("Tells that there are news."),
        Tool::with_state(CALLS, counted, calls).description("How often the store was called."),
    ]
}
