//! What clients are told where MCP has no result for a failure: of prompts, resources and completions.

use serde_json::json;

use crate::context::{Failure, ToolError};
use crate::task::RpcError;

/// Resource not found, until 2026-07-28; from then on it is -32602.
pub const RESOURCE_NOT_FOUND: i32 = -32002;
const INVALID_PARAMS: i32 = -32602;
const INTERNAL: i32 = -32603;
/// Bytes of a URI at most that is told.
const LONGEST_TOLD: usize = 8 << 10;

/// A failure that its author wants to be read.
pub(super) fn failed(text: String) -> RpcError {
    RpcError::new(INTERNAL, text)
}

/// Arguments that are not what the handler takes.
pub(super) fn undecodable(reason: &str) -> ToolError {
    ToolError(Failure::Rpc(RpcError::new(INVALID_PARAMS, format!("invalid arguments: {reason}"))))
}

/// There is no resource of this URI, which the client is told if it is not absurdly long.
pub(crate) fn not_found(uri: &str) -> RpcError {
    let error = RpcError::new(RESOURCE_NOT_FOUND, "resource not found");
    if uri.len() > LONGEST_TOLD { error } else { error.with_data(json!({ "uri": uri })) }
}
