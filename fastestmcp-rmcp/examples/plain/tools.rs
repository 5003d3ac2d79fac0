//! The tools that the suite calls.
#![allow(deprecated, reason = "logging: the revisions with sessions have it")]

use std::time::Duration;

use rmcp::model::{
    CallToolResult, ListToolsResult, LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::asking::{choices, contact, profile, sampled};
use crate::content::{audio, embedded, failed, image, text, typed};

const PAUSE: Duration = Duration::from_millis(50);
/// Longer than any server waits before it answers with a stream.
const LONG: Duration = Duration::from_millis(500);

const NAMES: [&str; 13] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_tool_with_progress",
    "test_error_handling",
    "test_sampling",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_reconnection",
];

pub(crate) fn list() -> Result<ListToolsResult, ErrorData> {
    let plain =
        |name: &str| json!({ "name": name, "description": format!("{name}."), "inputSchema": { "type": "object" } });
    let tools: Vec<_> = NAMES.into_iter().map(plain).chain([with_every_keyword()]).collect();
    typed(json!({ "tools": tools }))
}

/// A tool whose schema must reach clients as it is.
fn with_every_keyword() -> Value {
    json!({
        "name": "json_schema_2020_12_tool",
        "description": "Tool with JSON Schema 2020-12 features",
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": { "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            } },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" },
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        },
    })
}

pub(crate) async fn call(
    name: &str,
    arguments: &Map<String, Value>,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let word = |key: &str| arguments.get(key).and_then(Value::as_str).unwrap_or_default();
    let peer = &context.peer;
    let content = match name {
        "test_simple_text" => vec![text("This is a simple text response for testing.")],
        "test_image_content" => vec![image()],
        "test_audio_content" => vec![audio()],
        "test_embedded_resource" => {
            vec![embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]
        }
        "test_multiple_content_types" => vec![
            text("Multiple content types test:"),
            image(),
            embedded("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ],
        "test_tool_with_logging" => vec![text(logged(context).await?)],
        "test_tool_with_progress" => vec![text(progressed(context).await?)],
        "test_error_handling" => {
            let content = [text("This tool intentionally returns an error for testing")];
            return typed(json!({ "content": content, "isError": true }));
        }
        "test_sampling" => vec![text(format!("LLM response: {}", sampled(peer, word("prompt")).await?))],
        "test_elicitation" => vec![text(format!("User response: {}", contact(peer, word("message")).await?))],
        "test_elicitation_sep1034_defaults" => {
            vec![text(format!("Elicitation completed: {}", profile(peer).await?))]
        }
        "test_elicitation_sep1330_enums" => vec![text(format!("Elicitation completed: {}", choices(peer).await?))],
        "test_reconnection" => {
            sleep(LONG).await;
            vec![text("at last")]
        }
        "json_schema_2020_12_tool" => vec![text("done")],
        _ => return Err(ErrorData::invalid_params(format!("no tool {name}"), None)),
    };
    typed(json!({ "content": content }))
}

async fn logged(context: &RequestContext<RoleServer>) -> Result<&'static str, ErrorData> {
    for line in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        let params = LoggingMessageNotificationParam::new(LoggingLevel::Info, line.into());
        context.peer.notify_logging_message(params).await.map_err(failed)?;
        sleep(PAUSE).await;
    }
    Ok("logged")
}

async fn progressed(context: &RequestContext<RoleServer>) -> Result<&'static str, ErrorData> {
    for done in [0.0, 50.0, 100.0] {
        if let Some(token) = context.meta.get_progress_token() {
            let params = ProgressNotificationParam::new(token, done).with_total(100.0);
            context.peer.notify_progress(params).await.map_err(failed)?;
        }
        sleep(PAUSE).await;
    }
    Ok("all the way")
}
