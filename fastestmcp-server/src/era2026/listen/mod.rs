//! `subscriptions/listen`: acknowledged with what is honoured, then what is new, until the client leaves or the server stops.

mod filter;
mod news;

use fastestmcp_core::event::{List, ReadFrom};
use fastestmcp_core::operation::{CallError, Listen, ReadResource, WatchTask};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll};
use rmcp::model::{
    CustomNotification, ErrorData, GetMeta, ServerConfig, ServerNotification, SubscriptionsListenResult,
};
use serde_json::{Value, json};

use crate::incoming::Incoming;
use crate::wire::errors;
use filter::Filter;

/// `tasks` says whether the client declared that it knows tasks.
pub(crate) async fn listen(
    incoming: &Incoming<'_>,
    tasks: bool,
    params: &Value,
    server: &ServerConfig,
) -> Result<Value, ErrorData> {
    let asked = Filter::read(params)?;
    if asked.tasks.is_some() && !tasks {
        return Err(errors::needs_tasks());
    }
    let _room = incoming.ask(Listen::default()).await.map_err(|error| incoming.refused(&error))?;
    let stopping = incoming.stopping();
    let (honoured, mut news) = honour(incoming, asked, server).await?;
    // Custom, for the protocol layer's own has no room for the ids of tasks.
    let acknowledged = CustomNotification::new(
        "notifications/subscriptions/acknowledged",
        Some(json!({ "notifications": honoured.to_value() })),
    );
    send(incoming, ServerNotification::CustomNotification(acknowledged)).await?;
    loop {
        tokio::select! {
            Some(notification) = news.next() => send(incoming, notification).await?,
            () = incoming.cancelled.cancelled() => break,
            () = stopping.cancelled() => break,
        }
    }
    let mut result = SubscriptionsListenResult::complete(incoming.id.clone());
    result.meta.set_server_info(server.server_info.clone());
    serde_json::to_value(result).map_err(|error| errors::internal(&error))
}

type News = SelectAll<BoxStream<'static, ServerNotification>>;

/// What of a filter is honoured: lists that there are, and resources and tasks that there are for this caller, foreign and
/// expired ones alike left out.
///
/// # Errors
/// It cannot be told now what there is.
async fn honour(incoming: &Incoming<'_>, asked: Filter, server: &ServerConfig) -> Result<(Filter, News), ErrorData> {
    let (mut honoured, mut news) = (Filter::default(), News::new());
    let capabilities = &server.capabilities;
    honoured.lists = asked.lists;
    honoured.lists.retain(|list| match list {
        List::Tools => capabilities.tools.is_some(),
        List::Prompts => capabilities.prompts.is_some(),
        List::Resources => capabilities.resources.is_some(),
    });
    let (changes, unavailable) = (incoming.changes(), |error| incoming.refused(&CallError::Store(error)));
    if !honoured.lists.is_empty() {
        match incoming.principal_scope() {
            Some(whom) => {
                let [of_all, of_it] = changes.lists_for(&whom, ReadFrom::Tail).await.map_err(unavailable)?;
                news.push(news::lists(of_all, honoured.lists.clone()).boxed());
                news.push(news::lists_of_one(of_it, honoured.lists.clone()).boxed());
            }
            None => {
                let events = changes.lists(ReadFrom::Tail).await.map_err(unavailable)?;
                news.push(news::lists(events, honoured.lists.clone()).boxed());
            }
        }
    }
    for uri in asked.resources {
        if is_there(incoming, &uri).await? {
            let events = changes.resource(&uri, ReadFrom::Tail).await.map_err(unavailable)?;
            news.push(news::resource(events, uri.clone()).boxed());
            honoured.resources.push(uri);
        }
    }
    let Some(tasks) = asked.tasks else { return Ok((honoured, news)) };
    let mut followed = Vec::new();
    for id in tasks {
        match incoming.ask(WatchTask::new(id.clone())).await {
            Ok(watch) => {
                news.push(news::task(watch).boxed());
                followed.push(id);
            }
            Err(CallError::UnknownTask(_)) => {}
            // Whether it is there cannot be told now.
            Err(error) => return Err(incoming.refused(&error)),
        }
    }
    honoured.tasks = Some(followed);
    Ok((honoured, news))
}

/// Whether there is such a resource for this caller.
///
/// # Errors
/// It cannot be told now.
async fn is_there(incoming: &Incoming<'_>, uri: &str) -> Result<bool, ErrorData> {
    match incoming.check(ReadResource::new(uri.to_owned())).await {
        Ok(()) => Ok(true),
        Err(error @ CallError::Store(_)) => Err(incoming.refused(&error)),
        Err(_) => Ok(false),
    }
}

async fn send(incoming: &Incoming<'_>, mut notification: ServerNotification) -> Result<(), ErrorData> {
    notification.get_meta_mut().set_subscription_id(incoming.id.clone());
    incoming.peer.send_notification(notification).await.map_err(|error| errors::internal(&error))
}
