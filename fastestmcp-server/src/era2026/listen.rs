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
        match incoming.ask(WatchTask::new(id.clone())).await {
            Ok(watch) => {
                honoured.push(id);
                changes.push(Box::pin(follow(watch)));
            }
            // Foreign or expired, too: not honoured, all alike.
            Err(CallError::UnknownTask(_)) => {}
            // Whether it is there cannot be told now.
            Err(error) => return Err(incoming.refused(&error)),
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
            // A state that cannot be shown costs neither the next one nor the other tasks.
            Some(task) = changes.next() => if let Ok(task) = task {
                let status = TaskStatusNotification::new(TaskStatusNotificationParams::new(task));
                send(incoming, ServerNotification::TaskStatusNotification(status)).await?;
            },
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
            At::Later(mut watch) => {
                if let Err(error) = watch.changed().await {
                    // It has expired, or is damaged: there is nothing more to say about it.
                    tracing::debug!(target: TARGET, error = %Refused(&error), "a followed task is gone");
                    return None;
                }
                watch
            }
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
