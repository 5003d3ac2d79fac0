//! The prompts that the suite asks for, and what completes their arguments.

use rmcp::ErrorData;
use rmcp::model::{CompleteResult, GetPromptResult, ListPromptsResult};
use serde_json::{Value, json};

use crate::content::{embedded, image, text, typed};

pub(crate) fn list() -> Result<ListPromptsResult, ErrorData> {
    let argument = |name: &str| json!({ "name": name, "description": name, "required": true });
    typed(json!({ "prompts": [
        { "name": "test_simple_prompt", "description": "Simple." },
        {
            "name": "test_prompt_with_arguments",
            "description": "With arguments.",
            "arguments": [argument("arg1"), argument("arg2")],
        },
        {
            "name": "test_prompt_with_embedded_resource",
            "description": "With a resource.",
            "arguments": [argument("resourceUri")],
        },
        { "name": "test_prompt_with_image", "description": "With an image." },
    ] }))
}

/// `arguments` is the object of the request's arguments.
pub(crate) fn get(name: &str, arguments: &Value) -> Result<GetPromptResult, ErrorData> {
    let word = |key: &str| arguments[key].as_str().unwrap_or_default();
    let content = match name {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            vec![text(format!("Prompt with arguments: arg1='{}', arg2='{}'", word("arg1"), word("arg2")))]
        }
        "test_prompt_with_embedded_resource" => vec![
            embedded(word("resourceUri"), "text/plain", "Embedded resource content for testing."),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![image(), text("Please analyze the image above.")],
        _ => return Err(ErrorData::invalid_params(format!("no prompt {name}"), None)),
    };
    let message = |content| json!({ "role": "user", "content": content });
    typed(json!({ "messages": content.into_iter().map(message).collect::<Vec<_>>() }))
}

pub(crate) fn completion() -> Result<CompleteResult, ErrorData> {
    typed(json!({ "completion": { "values": ["paris", "park", "party"], "total": 3, "hasMore": false } }))
}
