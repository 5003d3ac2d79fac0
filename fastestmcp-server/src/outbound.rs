use std::sync::Arc;

use rmcp::model::{CustomResult, InitializeResult, JsonRpcMessage, ServerJsonRpcMessage, ServerResult};
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::telemetry::TARGET;
use crate::wire::TASKS_REVISION;

/// Says in results to sessions what the protocol layer has no types for: that there are tasks (2025-11-25).
#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    catalog: Arc<Catalog>,
}

impl Outbound {
    pub(crate) const fn new(catalog: Arc<Catalog>) -> Self {
        Self { catalog }
    }

    /// In place: messages are large, and every one of them comes by. `revision` is what was agreed on, if it was.
    pub(crate) fn widen(&self, revision: Option<&str>, message: &mut ServerJsonRpcMessage) {
        if let JsonRpcMessage::Response(response) = message
            && let Some(widened) = self.widened(revision, &response.result)
        {
            response.result = widened;
        }
    }

    /// What a result has to be replaced by, if anything.
    fn widened(&self, revision: Option<&str>, result: &ServerResult) -> Option<ServerResult> {
        let widened = match result {
            ServerResult::InitializeResult(initialize) if initialize.protocol_version.as_str() == TASKS_REVISION => {
                with_tasks(initialize)
            }
            ServerResult::ListToolsResult(list) if revision == Some(TASKS_REVISION) => {
                self.catalog.with_execution(list)
            }
            _ => return None,
        };
        widened
            .map(|value| ServerResult::CustomResult(CustomResult::new(value)))
            .inspect_err(|error| tracing::error!(target: TARGET, %error, "a result does not serialize"))
            .ok()
    }
}

fn with_tasks(initialize: &InitializeResult) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(initialize)?;
    if let Some(capabilities) = value.get_mut("capabilities").and_then(Value::as_object_mut) {
        let tasks = json!({ "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } });
        capabilities.insert("tasks".to_owned(), tasks);
    }
    Ok(value)
}
