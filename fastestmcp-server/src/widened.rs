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

/// A transport whose answers say what the protocol layer has no types for, and whose requests to the client have ids
/// that no other node and no other process ever used.
pub(crate) struct Widened<T> {
    inner: T,
    catalog: Arc<Catalog>,
    /// Begins every id of a request to the client. The protocol layer counts from 0 on every connection, so that an
    /// answer to a request of another node would pass for the answer to one of this.
    prefix: String,
    /// The client negotiated the revision that knows tasks.
    shows_tasks: bool,
}

impl<T> Widened<T> {
    /// # Errors
    /// The operating system's random source failed.
    pub(crate) fn new(inner: T, catalog: Arc<Catalog>) -> Result<Self, ids::RandomSourceFailed> {
        Ok(Self { inner, catalog, prefix: format!("{}-", ids::random_token()?), shows_tasks: false })
    }

    fn outbound(&mut self, message: ServerJsonRpcMessage) -> ServerJsonRpcMessage {
        match message {
            JsonRpcMessage::Response(mut response) => {
                response.result = self.widen(response.result);
                JsonRpcMessage::Response(response)
            }
            JsonRpcMessage::Request(mut request) => {
                request.id = self.unique(request.id);
                JsonRpcMessage::Request(request)
            }
            JsonRpcMessage::Notification(mut notification) => {
                if let ServerNotification::CancelledNotification(cancelled) = &mut notification.notification {
                    cancelled.params.request_id = cancelled.params.request_id.take().map(|id| self.unique(id));
                }
                JsonRpcMessage::Notification(notification)
            }
            other => other,
        }
    }

    fn widen(&mut self, result: ServerResult) -> ServerResult {
        let widened = match &result {
            ServerResult::InitializeResult(initialize) => {
                self.shows_tasks = initialize.protocol_version.as_str() == TASKS_REVISION;
                if !self.shows_tasks {
                    return result;
                }
                with_tasks(initialize)
            }
            ServerResult::ListToolsResult(list) if self.shows_tasks => self.catalog.with_execution(list),
            _ => return result,
        };
        match widened {
            Ok(value) => ServerResult::CustomResult(CustomResult::new(value)),
            Err(error) => {
                tracing::error!(target: TARGET, %error, "a result does not serialize");
                result
            }
        }
    }

    fn unique(&self, id: RequestId) -> RequestId {
        match id {
            NumberOrString::Number(number) => NumberOrString::String(format!("{}{number}", self.prefix).into()),
            id @ NumberOrString::String(_) => id,
        }
    }

    /// The id as it was counted here; `None` for an answer to nothing that was asked here.
    fn counted(&self, id: &RequestId) -> Option<RequestId> {
        match id {
            NumberOrString::String(id) => {
                id.strip_prefix(self.prefix.as_str())?.parse().ok().map(NumberOrString::Number)
            }
            NumberOrString::Number(_) => None,
        }
    }

    fn inbound(&self, message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        match message {
            JsonRpcMessage::Response(mut response) => {
                response.id = self.counted(&response.id)?;
                Some(JsonRpcMessage::Response(response))
            }
            JsonRpcMessage::Error(mut error) => {
                error.id = Some(self.counted(error.id.as_ref()?)?);
                Some(JsonRpcMessage::Error(error))
            }
            other => Some(other),
        }
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

impl<T: Transport<RoleServer>> Transport<RoleServer> for Widened<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let item = self.outbound(item);
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let message = self.inner.receive().await?;
            match self.inbound(message) {
                Some(message) => return Some(message),
                None => tracing::debug!(target: TARGET, "dropped an answer to nothing that was asked here"),
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
