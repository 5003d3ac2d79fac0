//! Renames requests that the protocol layer would misread, before it reads them.
//!
//! It has dropped the task methods of 2025-11-25 and takes `tasks/get` for that of 2026-07-28, loses `params.task`, and
//! loses `taskIds` of a subscription. Under a method it does not know it hands over params as they came.

use serde_json::Value;

use super::{META_PROTOCOL_VERSION, RENAMED, STATELESS_REVISION};

/// Requests of 2025-11-25 about tasks.
const TASK_METHODS: [&str; 4] = ["tasks/get", "tasks/result", "tasks/list", "tasks/cancel"];
/// The method of 2026-07-28 that answers what a task asks.
const UPDATE: &str = "tasks/update";
/// The method of 2026-07-28 that opens a subscription.
pub(crate) const LISTEN: &str = "subscriptions/listen";

/// A request under its new method.
pub(crate) struct Renamed {
    /// The whole message.
    pub(crate) message: Vec<u8>,
    /// The method it came under.
    pub(crate) method: String,
    /// The method it goes on under.
    pub(crate) renamed: String,
}

/// The message to read instead of `message`, if it is one that would be misread.
pub(crate) fn rename(message: &[u8]) -> Option<Renamed> {
    // Nearly every message ends here, so that it is parsed only once.
    memchr::memmem::find(message, b"task").or_else(|| memchr::memmem::find(message, RENAMED.as_bytes()))?;
    let mut value: Value = serde_json::from_slice(message).ok()?;
    let method = value.get("method")?.as_str()?.to_owned();
    let params = value.get("params");
    let revision = params.and_then(|params| params.get("_meta")?.get(META_PROTOCOL_VERSION)?.as_str());
    let misread = if method.starts_with(RENAMED) {
        // Only this function gives such names; under two of them it is a method that nobody serves.
        true
    } else if revision.is_some_and(|revision| revision >= STATELESS_REVISION) {
        method == LISTEN && params.and_then(|params| params.get("notifications")?.get("taskIds")).is_some()
    } else {
        let with_task = || params.is_some_and(|params| params.get("task").is_some());
        // In a session the methods of 2026-07-28 are not refused in its words: they do not exist.
        let is_of_2026 = || [UPDATE, LISTEN].contains(&method.as_str());
        TASK_METHODS.contains(&method.as_str()) || (method == "tools/call" && with_task()) || is_of_2026()
    };
    if !misread {
        return None;
    }
    let renamed = format!("{RENAMED}{method}");
    *value.get_mut("method")? = Value::String(renamed.clone());
    Some(Renamed { message: serde_json::to_vec(&value).ok()?, method, renamed })
}

/// The method of a message, if it is one that has a method.
pub(crate) fn method(message: &[u8]) -> Option<String> {
    let message: Value = serde_json::from_slice(message).ok()?;
    Some(message.get("method")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn renamed(message: &Value) -> Option<String> {
        rename(message.to_string().as_bytes()).map(|renamed| renamed.renamed)
    }

    #[test]
    fn task_requests_of_2025_are_renamed_and_those_of_2026_are_not() {
        let meta = json!({META_PROTOCOL_VERSION: "2026-07-28"});
        for method in TASK_METHODS {
            let old = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"taskId": "t"}});
            assert_eq!(renamed(&old), Some(format!("{RENAMED}{method}")));
            let new = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"taskId": "t", "_meta": meta}});
            assert_eq!(renamed(&new), None);
        }
    }

    #[test]
    fn a_call_is_renamed_only_if_it_asks_for_a_task() {
        let plain = json!({"id": 1, "method": "tools/call", "params": {"name": "x", "arguments": {"task": 1}}});
        assert_eq!(renamed(&plain), None);
        let task = json!({"id": 1, "method": "tools/call", "params": {"name": "x", "task": {}}});
        assert_eq!(renamed(&task), Some("fastestmcp/wire/tools/call".to_owned()));
    }

    #[test]
    fn a_subscription_is_renamed_only_if_it_names_tasks() {
        let meta = json!({META_PROTOCOL_VERSION: "2026-07-28"});
        let listen = |filter: Value| json!({"method": LISTEN, "params": {"notifications": filter, "_meta": meta}});
        assert_eq!(renamed(&listen(json!({"toolsListChanged": true}))), None);
        assert!(renamed(&listen(json!({"taskIds": ["t"]}))).is_some());
    }

    #[test]
    fn methods_of_2026_do_not_exist_in_a_session() {
        let update = json!({"id": 1, "method": UPDATE, "params": {"taskId": "t", "inputResponses": {}}});
        assert_eq!(renamed(&update), Some("fastestmcp/wire/tasks/update".to_owned()));
        let meta = json!({META_PROTOCOL_VERSION: "2026-07-28"});
        assert_eq!(renamed(&json!({"id": 1, "method": UPDATE, "params": {"taskId": "t", "_meta": meta}})), None);
    }

    #[test]
    fn the_names_given_here_mean_nothing_on_the_wire() {
        for method in ["tasks/get", "tools/call", LISTEN] {
            let sent = json!({"id": 1, "method": format!("{RENAMED}{method}"), "params": {}});
            assert_eq!(renamed(&sent), Some(format!("{RENAMED}{RENAMED}{method}")));
        }
    }

    #[test]
    fn what_is_no_json_is_left_alone() {
        assert!(rename(b"{\"method\": \"tasks/get\"").is_none());
        assert!(rename(b"").is_none());
    }
}
