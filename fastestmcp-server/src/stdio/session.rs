use fastestmcp_core::ids;
use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, JsonRpcMessage, NumberOrString, RequestId, ServerJsonRpcMessage, ServerNotification,
    ServerResult,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;

use crate::outbound::Outbound;
use crate::telemetry::TARGET;

/// A transport that is a session: its requests to the client have ids that no other process ever used, so that a reply to
/// one before a restart is not taken for the reply to one after it.
pub(super) struct SessionTransport<T> {
    inner: T,
    outbound: Outbound,
    /// Begins every id of a request to the client: the protocol layer counts from 0 on every connection.
    prefix: String,
    /// What `initialize` agreed on.
    revision: Option<String>,
}

impl<T> SessionTransport<T> {
    /// # Errors
    /// The operating system's random source failed.
    pub(super) fn new(inner: T, outbound: Outbound) -> Result<Self, ids::RandomSourceFailed> {
        Ok(Self { inner, outbound, prefix: format!("{}-", ids::random_token()?), revision: None })
    }

    // In place, here and below: messages are large, and every one of them comes by.
    fn address(&mut self, message: &mut ServerJsonRpcMessage) {
        match message {
            JsonRpcMessage::Response(response) => {
                if let ServerResult::InitializeResult(initialize) = &response.result {
                    self.revision = Some(initialize.protocol_version.as_str().to_owned());
                }
            }
            JsonRpcMessage::Request(request) => self.make_unique(&mut request.id),
            JsonRpcMessage::Notification(notification) => {
                if let ServerNotification::CancelledNotification(cancelled) = &mut notification.notification
                    && let Some(id) = &mut cancelled.params.request_id
                {
                    self.make_unique(id);
                }
            }
            JsonRpcMessage::Error(_) => {}
        }
        self.outbound.widen(self.revision.as_deref(), message);
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
                let counted = id.strip_prefix(self.prefix.as_str())?;
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

impl<T: Transport<RoleServer>> Transport<RoleServer> for SessionTransport<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        mut item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.address(&mut item);
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
