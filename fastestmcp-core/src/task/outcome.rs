use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A JSON-RPC error as it goes on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RpcError {
    /// The code.
    pub code: i32,
    /// For people.
    pub message: String,
    /// For machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl RpcError {
    /// An error without data.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The same error with `data`.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    /// An internal error (-32603) whose `data.reason` is one of a few words and whose cause stays in the log (R4).
    pub fn internal(reason: &str) -> Self {
        Self::new(-32603, "Internal error").with_data(serde_json::json!({ "reason": reason }))
    }
}

/// How a task ended. Kept raw: what word the wire has for it depends on the protocol era.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// With the result of its call, as MCP's `CallToolResult`.
    Result(Value),
    /// With a JSON-RPC error.
    Error(RpcError),
    /// Cancelled by its owner.
    Cancelled,
}

impl TaskOutcome {
    /// Whether it is a result that is marked `isError`.
    pub fn is_tool_error(&self) -> bool {
        matches!(self, Self::Result(result) if result.get("isError") == Some(&Value::Bool(true)))
    }
}
