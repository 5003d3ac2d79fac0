use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer;
use crate::json;

/// How often a client that waits is asked the same before its answers are taken for none.
pub const ASKED_AT_MOST: u32 = 3;

/// A request to the client, in MCP's words: `elicitation/create`, `sampling/createMessage` or `roots/list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputRequest {
    /// The MCP method.
    pub method: String,
    /// Its params.
    pub params: Value,
}

impl InputRequest {
    /// Whether an answer fits.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn check(&self, answer: &Value) -> Result<(), String> {
        json::check_depth(answer).map_err(|error| error.to_string())?;
        answer::check(self, answer)
    }

    /// The same question after an answer that did not do, for a person to read why.
    #[must_use]
    pub fn again(&self, reason: &str) -> Self {
        let mut again = self.clone();
        if let Some(Value::String(message)) = again.params.get_mut("message") {
            message.push_str(&format!("\n\n(Asked again: {reason}.)"));
        }
        again
    }

    /// Whether an answer to one is an answer to the other: the same method and, for a form, fields of the same shape.
    /// Wording does not count, so that a deploy may change it while somebody is being asked (contract T15).
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let form = |request: &Self| shape(request.params.get("requestedSchema").unwrap_or(&Value::Null));
        let mode = |request: &Self| request.params.get("mode").and_then(Value::as_str).unwrap_or("form").to_owned();
        self.method == other.method && mode(self) == mode(other) && form(self) == form(other)
    }
}

/// A schema without what is only for people.
fn shape(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let worded = |name: &str| matches!(name, "title" | "description" | "default" | "enumNames" | "examples");
            let shaped = fields.iter().filter(|(name, _)| !worded(name)).map(|(name, value)| {
                // What fields are called is no wording.
                let value = match value {
                    Value::Object(fields) if name == "properties" => {
                        fields.iter().map(|(field, schema)| (field.clone(), shape(schema))).collect()
                    }
                    other => shape(other),
                };
                (name.clone(), value)
            });
            Value::Object(shaped.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(shape).collect()),
        other => other.clone(),
    }
}

/// A request under its key, and the answer once there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// What was asked.
    pub request: InputRequest,
    /// The client's result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(message: &str, properties: &Value) -> InputRequest {
        let schema = json!({ "type": "object", "title": message, "properties": properties });
        InputRequest {
            method: "elicitation/create".to_owned(),
            params: json!({ "mode": "form", "message": message, "requestedSchema": schema }),
        }
    }

    #[test]
    fn other_words_ask_the_same_and_other_fields_do_not() {
        let first = form("Book?", &json!({ "title": { "type": "string", "description": "Its title." } }));
        let reworded =
            form("Shall I book?", &json!({ "title": { "type": "string", "title": "Title", "default": "x" } }));
        assert!(first.asks_the_same(&reworded));
        for other in [
            form("Book?", &json!({ "title": { "type": "boolean" } })),
            form("Book?", &json!({ "title": { "type": "string", "enum": ["a"] } })),
            form("Book?", &json!({ "title": { "type": "string" }, "description": { "type": "string" } })),
            form("Book?", &json!({})),
            InputRequest { method: "sampling/createMessage".to_owned(), params: first.params.clone() },
        ] {
            assert!(!first.asks_the_same(&other), "{other:?}");
        }
    }
}
