#![allow(deprecated, reason = "clients of these revisions have logs")]

use std::collections::HashMap;

use fastestmcp_core::ids;
use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, JsonRpcMessage, LoggingLevel, NumberOrString, RequestId, ServerJsonRpcMessage,
    ServerNotification, ServerResult,
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
    /// The least level of log messages that the client wants; all, if it never said.
    level: Option<LoggingLevel>,
    /// The levels that it has asked for, by request, and that are not granted yet.
    asked: HashMap<RequestId, LoggingLevel>,
}

impl<T> SessionTransport<T> {
    /// # Errors
    /// The operating system's random source failed.
    pub(super) fn new(inner: T, outbound: Outbound) -> Result<Self, ids::RandomSourceFailed> {
        Ok(Self {
            inner,
            outbound,
            prefix: format!("{}-", ids::random_token()?),
            revision: None,
            level: None,
            asked: HashMap::new(),
        })
    }

    // In place, here and below: messages are large, and every one of them comes by.
    /// Whether the client wants it.
    fn address(&mut self, message: &mut ServerJsonRpcMessage) -> bool {
        match message {
            JsonRpcMessage::Response(response) => {
                if let Some(level) = self.asked.remove(&response.id) {
                    self.level = Some(level);
                }
                if let ServerResult::InitializeResult(initialize) = &response.result {
                    self.revision = Some(initialize.protocol_version.as_str().to_owned());
                }
            }
            JsonRpcMessage::Request(request) => self.make_unique(&mut request.id),
            JsonRpcMessage::Notification(notification) => match &mut notification.notification {
                ServerNotification::CancelledNotification(cancelled) => {
                    if let Some(id) = &mut cancelled.params.request_id {
                        self.make_unique(id);
                    }
                }
                ServerNotification::LoggingMessageNotification(log) => {
                    return self.level.is_none_or(|least| log.params.level as usize >= least as usize);
                }
                _ => {}
            },
            JsonRpcMessage::Error(error) => {
                error.id.as_ref().map(|id| self.asked.remove(id));
            }
        }
        self.outbound.widen(self.revision.as_deref(), message);
        true
    }

    /// Remembers what is set when it is granted.
    fn note(&mut self, message: &ClientJsonRpcMessage) {
        if let JsonRpcMessage::Request(request) = message
            && let ClientRequest::SetLevelRequest(level) = &request.request
        {
            self.asked.insert(request.id.clone(), level.params.level);
        }
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
        let sent = self.address(&mut item).then(|| self.inner.send(item));
        async move {
            match sent {
                Some(sent) => sent.await,
                None => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let mut message = self.inner.receive().await?;
            if self.inbound(&mut message) {
                self.note(&message);
                return Some(message);
            }
            tracing::debug!(target: TARGET, "dropped an answer to nothing that was asked here");
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
