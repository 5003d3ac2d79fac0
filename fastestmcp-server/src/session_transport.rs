use std::sync::Arc;

use fastestmcp_core::ids;
use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, CustomResult, InitializeResult, JsonRpcMessage, NumberOrString, RequestId,
    ServerJsonRpcMessage, ServerNotification, ServerResult,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::telemetry::TARGET;
use crate::wire::TASKS_REVISION;
use crate::wire::question::Question;

/// A transport of sessions, whose answers say what the protocol layer has no types for, and whose requests to the client have ids
/// that no other node and no other process ever used.
pub(crate) struct SessionTransport<T> {
    inner: T,
    catalog: Arc<Catalog>,
    /// Begins every id of a request to the client. The protocol layer counts from 0 on every connection, so that an
    /// answer to a request of another node would pass for the answer to one of this.
    prefix: String,
    /// The client negotiated the revision that knows tasks.
    shows_tasks: bool,
}

impl<T> SessionTransport<T> {
    /// # Errors
    /// The operating system's random source failed.
    pub(crate) fn new(inner: T, catalog: Arc<Catalog>) -> Result<Self, ids::RandomSourceFailed> {
        Ok(Self { inner, catalog, prefix: format!("{}-", ids::random_token()?), shows_tasks: false })
    }

    // In place, here and below: messages are large, and every one of them comes by.
    fn outbound(&mut self, message: &mut ServerJsonRpcMessage) {
        match message {
            JsonRpcMessage::Response(response) => {
                if let Some(rewritten) = self.rewrite(&response.result) {
                    response.result = rewritten;
                }
            }
            JsonRpcMessage::Request(request) => {
                self.make_unique(&mut request.id);
                if let (Some(question), NumberOrString::String(id)) =
                    (Question::asked(&request.request), &mut request.id)
                {
                    *id = question.mark(id).into();
                }
            }
            JsonRpcMessage::Notification(notification) => {
                if let ServerNotification::CancelledNotification(cancelled) = &mut notification.notification
                    && let Some(id) = &mut cancelled.params.request_id
                {
                    // What a task asks is never called back, so no id needs its mark here.
                    self.make_unique(id);
                }
            }
            JsonRpcMessage::Error(_) => {}
        }
    }

    /// What a result has to be replaced by, if anything.
    fn rewrite(&mut self, result: &ServerResult) -> Option<ServerResult> {
        let rewritten = match result {
            ServerResult::InitializeResult(initialize) => {
                self.shows_tasks = initialize.protocol_version.as_str() == TASKS_REVISION;
                self.shows_tasks.then(|| with_tasks(initialize))?
            }
            ServerResult::ListToolsResult(list) if self.shows_tasks => self.catalog.with_execution(list),
            _ => return None,
        };
        rewritten
            .map(|value| ServerResult::CustomResult(CustomResult::new(value)))
            .inspect_err(|error| tracing::error!(target: TARGET, %error, "a result does not serialize"))
            .ok()
    }

    fn make_unique(&self, id: &mut RequestId) {
        if let NumberOrString::Number(number) = id {
            *id = NumberOrString::String(format!("{}{number}", self.prefix).into());
        }
    }

    /// The id as it was counted here; `None` for an answer to nothing that was asked here.
    fn counted(&self, id: &RequestId) -> Option<RequestId> {
        match id {
            NumberOrString::String(id) => {
                let counted = Question::unmarked(id.strip_prefix(self.prefix.as_str())?);
                counted.parse().ok().map(NumberOrString::Number)
            }
            NumberOrString::Number(_) => None,
        }
    }

    /// Whether the message is for this connection; an answer gets the id back that was counted here.
    fn inbound(&self, message: &mut ClientJsonRpcMessage) -> bool {
        match message {
            JsonRpcMessage::Response(response) => match self.counted(&response.id) {
                Some(id) => response.id = id,
                None => return false,
            },
            JsonRpcMessage::Error(error) => match error.id.as_ref().and_then(|id| self.counted(id)) {
                Some(id) => error.id = Some(id),
                None => return false,
            },
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
        }
        true
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

impl<T: Transport<RoleServer>> Transport<RoleServer> for SessionTransport<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        mut item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.outbound(&mut item);
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let mut message = self.inner.receive().await?;
            if self.inbound(&mut message) {
                return Some(message);
            }
            tracing::debug!(target: TARGET, "dropped an answer to nothing that was asked here");
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
