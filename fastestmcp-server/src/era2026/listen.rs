use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::{CallError, Listen, TaskWatch, WatchTask};
use futures_util::StreamExt;
use futures_util::stream::{self, SelectAll};
use rmcp::model::{
    CustomNotification, DetailedTask, ErrorData, GetMeta, Implementation, ServerNotification,
    SubscriptionsListenResult, TaskStatusNotification, TaskStatusNotificationParams,
};
use serde_json::{Value, json};

use super::view;
use crate::incoming::Incoming;
use crate::telemetry::{Refused, TARGET};
use crate::wire::errors;

/// Tasks one subscription may follow.
const MOST: usize = 100;
/// How long to wait when a task cannot be read.
const RETRY: Duration = Duration::from_secs(1);

/// `subscriptions/listen` with `taskIds`: acknowledged with the ids that are the caller's own, then the state of each at
/// once and after every change, until the client leaves or the server stops.
pub(crate) async fn listen(
    incoming: &Incoming<'_>,
    tasks: bool,
    params: &Value,
    server: &Implementation,
) -> Result<Value, ErrorData> {
    if !tasks {
        return Err(errors::needs_tasks());
    }
    let ids = task_ids(params)?;
    let _room = incoming.ask(Listen::default()).await.map_err(|error| incoming.refused(&error))?;
    let stopping = incoming.stopping();
    let mut honoured = Vec::new();
    let mut changes = SelectAll::new();
    for id in ids {
        // Unknown, foreign, expired, or no room: not honoured, all alike.
        if let Ok(watch) = incoming.ask(WatchTask::new(id.clone())).await {
            honoured.push(id);
            changes.push(Box::pin(follow(watch)));
        }
    }
    let ids: Vec<_> = honoured.iter().map(TaskId::as_str).collect();
    // Custom, for the protocol layer's own has no room for the ids of tasks.
    let acknowledged = CustomNotification::new(
        "notifications/subscriptions/acknowledged",
        Some(json!({ "notifications": { "taskIds": ids } })),
    );
    send(incoming, ServerNotification::CustomNotification(acknowledged)).await?;
    loop {
        tokio::select! {
            Some(task) = changes.next() => {
                let status = TaskStatusNotification::new(TaskStatusNotificationParams::new(task?));
                send(incoming, ServerNotification::TaskStatusNotification(status)).await?;
            }
            () = incoming.cancelled.cancelled() => break,
            () = stopping.cancelled() => break,
        }
    }
    let mut result = SubscriptionsListenResult::complete(incoming.id.clone());
    result.meta.set_server_info(server.clone());
    serde_json::to_value(result).map_err(|error| errors::internal(&error))
}

fn task_ids(params: &Value) -> Result<Vec<TaskId>, ErrorData> {
    let invalid = || errors::invalid_params("taskIds is not a list of at most 100 strings");
    let ids = params.get("notifications").and_then(|filter| filter.get("taskIds")).and_then(Value::as_array);
    let ids = ids.filter(|ids| ids.len() <= MOST).ok_or_else(invalid)?;
    ids.iter().map(|id| id.as_str().map(TaskId::new).ok_or_else(invalid)).collect()
}

/// The state now, then each change, until the last.
fn follow(watch: TaskWatch) -> impl futures_util::Stream<Item = Result<DetailedTask, ErrorData>> + Send {
    enum At {
        First(TaskWatch),
        Later(TaskWatch),
    }
    stream::unfold(Some(At::First(watch)), async |at| {
        let watch = match at? {
            At::First(watch) => watch,
            At::Later(mut watch) => loop {
                match watch.changed().await {
                    Ok(_) => break watch,
                    // A change that could not be read is read when the store answers again.
                    Err(CallError::Store(error)) => {
                        tracing::debug!(target: TARGET, %error, "a followed task cannot be read");
                        tokio::time::sleep(RETRY).await;
                    }
                    Err(error) => {
                        // It has expired: there is nothing more to say about it.
                        tracing::debug!(target: TARGET, error = %Refused(&error), "a followed task is gone");
                        return None;
                    }
                }
            },
        };
        let state = view::detailed(watch.view());
        let next = (!watch.view().status.is_terminal()).then_some(At::Later(watch));
        Some((state, next))
    })
}

async fn send(incoming: &Incoming<'_>, mut notification: ServerNotification) -> Result<(), ErrorData> {
    notification.get_meta_mut().set_subscription_id(incoming.id.clone());
    incoming.peer.send_notification(notification).await.map_err(|error| errors::internal(&error))
}
