//! What tools ask the client while they run.

use rmcp::model::{CustomRequest, ServerRequest};
use rmcp::service::Peer;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use crate::content::{failed, text};

/// What the client's model says to this.
pub(crate) async fn sampled(peer: &Peer<RoleServer>, prompt: &str) -> Result<String, ErrorData> {
    let message = json!({ "role": "user", "content": text(prompt) });
    let answer = ask(peer, "sampling/createMessage", json!({ "messages": [message], "maxTokens": 100 })).await?;
    Ok(answer.pointer("/content/text").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// What the user enters for a name and an address.
pub(crate) async fn contact(peer: &Peer<RoleServer>, message: &str) -> Result<Value, ErrorData> {
    let properties = json!({
        "username": { "type": "string", "description": "User's response" },
        "email": { "type": "string", "description": "User's email address" },
    });
    form(peer, message, properties, json!(["username", "email"])).await
}

/// What the user makes of a form that is filled in.
pub(crate) async fn profile(peer: &Peer<RoleServer>) -> Result<Value, ErrorData> {
    let properties = json!({
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    });
    form(peer, "Is this you?", properties, json!([])).await
}

/// What the user chooses, with choices of every kind.
pub(crate) async fn choices(peer: &Peer<RoleServer>) -> Result<Value, ErrorData> {
    let titled = |titles: [&str; 3]| {
        let choice = |(at, title): (usize, &&str)| json!({ "const": format!("value{}", at + 1), "title": title });
        titles.iter().enumerate().map(choice).collect::<Vec<_>>()
    };
    let options = ["option1", "option2", "option3"];
    let properties = json!({
        "untitledSingle": { "type": "string", "enum": options },
        "titledSingle": { "type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"]) },
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
        "titledMulti": {
            "type": "array",
            "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) },
        },
    });
    form(peer, "Choose.", properties, json!([])).await
}

async fn form(peer: &Peer<RoleServer>, message: &str, properties: Value, required: Value) -> Result<Value, ErrorData> {
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    ask(peer, "elicitation/create", json!({ "mode": "form", "message": message, "requestedSchema": schema })).await
}

/// Without rmcp's types of the params: those have no place for the deprecated `enumNames`.
async fn ask(peer: &Peer<RoleServer>, method: &str, params: Value) -> Result<Value, ErrorData> {
    let request = ServerRequest::CustomRequest(CustomRequest::new(method, Some(params)));
    let answer = peer.send_request(request).await.map_err(failed)?;
    serde_json::to_value(answer).map_err(failed)
}
