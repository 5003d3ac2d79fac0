//! Plain calls: failures, progress, and requests to the client while the call runs.

use std::time::Duration;

use fastestmcp::List;
use fastestmcp::prelude::*;
use serde_json::{Value, json};

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        Tool::new("test_error_handling", failing).description("Always fails."),
        Tool::new("test_tool_with_progress", progressing).description("Says how far it is, three times."),
        Tool::new("test_reconnection", slow).description("Takes its time, so that it is answered with a stream."),
        Tool::new("test_tool_with_logging", logging).description("Logs what it does."),
        Tool::new("test_logging_tool", logging).description("Logs what it does."),
        Tool::new("test_trigger_tool_change", async |cx: Context, _: NoArgs| changed(&cx, List::Tools))
            .description("Says that the list of tools has changed."),
        Tool::new("test_trigger_prompt_change", async |cx: Context, _: NoArgs| changed(&cx, List::Prompts))
            .description("Says that the list of prompts has changed."),
        Tool::new("test_missing_capability", async |cx: Context, _: NoArgs| sample(&cx, "prompt", "Hello").await)
            .description("Cannot do without sampling."),
        Tool::new("test_sampling", async |cx: Context, args: Prompt| sample(&cx, "prompt", &args.prompt).await)
            .description("Asks the client's model."),
        Tool::new("test_elicitation", contact).description("Asks the user for a name and an address."),
        Tool::new("test_streaming_elicitation", async |cx: Context, _: NoArgs| {
            contact(cx, Message { message: "Who are you?".to_owned() }).await
        })
        .description("Asks the user, in a stream if there is one."),
        Tool::new("test_elicitation_sep1034_defaults", defaults).description("Asks with a form that is filled in."),
        Tool::new("test_elicitation_sep1330_enums", enums).description("Asks for choices of every kind."),
    ]
}

async fn failing(_: Context, _: NoArgs) -> Result<(), ToolError> {
    Err(ToolError::new("This tool intentionally returns an error for testing"))
}

async fn progressing(cx: Context, _: NoArgs) -> Result<&'static str, ToolError> {
    for progress in [0.0, 50.0, 100.0] {
        cx.progress(progress, Some(100.0), "");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok("all the way")
}

async fn logging(cx: Context, _: NoArgs) -> Result<&'static str, ToolError> {
    for done in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        cx.log(LogLevel::Info, done);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok("logged")
}

fn changed(cx: &Context, list: List) -> Result<&'static str, ToolError> {
    cx.notify_list_changed(list);
    Ok("changed")
}

async fn slow(_: Context, _: NoArgs) -> Result<&'static str, ToolError> {
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok("at last")
}

#[derive(Deserialize, JsonSchema)]
struct Prompt {
    /// What to ask the model.
    prompt: String,
}

/// Asks the client's model and returns what it said.
pub(crate) async fn sample(cx: &Context, key: &str, prompt: &str) -> Result<String, ToolError> {
    let message = json!({ "role": "user", "content": { "type": "text", "text": prompt } });
    let answer = cx.sample(key, json!({ "messages": [message], "maxTokens": 100 })).await?;
    let text = answer.pointer("/content/text").and_then(Value::as_str).unwrap_or_default();
    Ok(format!("LLM response: {text}"))
}

#[derive(Deserialize, JsonSchema)]
struct Message {
    /// What to ask the user.
    message: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "shown with Debug")]
struct Contact {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

async fn contact(cx: Context, args: Message) -> Result<String, ToolError> {
    let answer = cx.elicit::<Contact>("contact", args.message).await?;
    Ok(format!("User response: {answer:?}"))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
struct Profile {
    name: String,
    age: i32,
    score: f64,
    status: Status,
    verified: bool,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Active,
    Inactive,
    Pending,
}

impl Default for Profile {
    fn default() -> Self {
        Self { name: "John Doe".to_owned(), age: 30, score: 95.5, status: Status::Active, verified: true }
    }
}

async fn defaults(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let answer = cx.elicit::<Profile>("profile", "Is this you?").await?;
    Ok(format!("Elicitation completed: {answer:?}"))
}

/// With a schema by hand: Rust types say nothing of the deprecated `enumNames`.
async fn enums(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let titled = |names: [&str; 3]| {
        let choice = |(index, title): (usize, &&str)| json!({ "const": format!("value{}", index + 1), "title": title });
        names.iter().enumerate().map(choice).collect::<Vec<_>>()
    };
    let options = ["option1", "option2", "option3"];
    let schema = json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": options },
            "titledSingle": { "type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"]) },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"]
            },
            "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
            "titledMulti": {
                "type": "array",
                "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) }
            }
        },
        "required": []
    });
    let params = json!({ "mode": "form", "message": "Choose.", "requestedSchema": schema });
    let answer = cx.ask("choices", "elicitation/create", params).await?;
    Ok(format!("Elicitation completed: {answer}"))
}
