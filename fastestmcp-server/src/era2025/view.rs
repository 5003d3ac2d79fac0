use fastestmcp_core::operation::TaskView;
use fastestmcp_core::task::TaskStatus;
use serde_json::{Value, json};

use crate::wire::time;

/// A task in the words of 2025-11-25.
pub(super) fn task(view: &TaskView) -> Value {
    let mut task = json!({
        "taskId": view.id.as_str(),
        "status": status(view.status),
        "createdAt": time::iso(view.created),
        "lastUpdatedAt": time::iso(view.updated),
        "ttl": view.ttl.map(time::ms),
        "pollInterval": time::ms(view.poll_interval),
    });
    let message = view.progress.as_ref().and_then(|progress| progress.message.as_ref());
    if let (Some(message), Some(task)) = (message, task.as_object_mut()) {
        task.insert("statusMessage".to_owned(), Value::String(message.clone()));
    }
    task
}

const fn status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Working => "working",
        TaskStatus::InputRequired => "input_required",
        TaskStatus::Completed => "completed",
        TaskStatus::ToolError | TaskStatus::Failed | TaskStatus::DeadLetter => "failed",
        TaskStatus::Cancelled => "cancelled",
    }
}
