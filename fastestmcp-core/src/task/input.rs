use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request to the client, in MCP's words: `elicitation/create`, `sampling/createMessage` or `roots/list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputRequest {
    /// The MCP method.
    pub method: String,
    /// Its params.
    pub params: Value,
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
