//! Drives rmcp's service for exactly one message: over a transport that hands out that message, then the replies to what
//! its handler asks, takes what the handler says, and ends with its answer.

mod client;
mod once;
mod outgoing;
mod reader;
mod scoped;

pub use client::{SessionClient, SessionPeer};
pub use reader::StreamReader;
use scoped::Scoped;

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, GetExtensions, JsonRpcMessage, RequestId};
use rmcp::service::{RunningService, serve_directly_with_ct};
use tokio_util::sync::CancellationToken;

use crate::exchange::Inbox;
use crate::exchanges::Open;
use crate::node::{Grant, Node};
use crate::outbox::Outbox;
use crate::session::Session;
use once::Once;

pub(crate) struct Drive {
    pub(crate) node: Arc<Node>,
    pub(crate) open: Open,
    pub(crate) inbox: Inbox,
    /// `None` for `initialize`.
    pub(crate) session: Option<Session>,
    pub(crate) grant: Option<Grant>,
}

/// When a drive is over, and what it still owes.
pub(crate) struct Life {
    pub(crate) over: CancellationToken,
    pub(crate) outbox: Option<Arc<Outbox>>,
    pub(crate) request: Option<RequestId>,
    /// Cancels the handler.
    ct: CancellationToken,
    /// How long it may take to end then.
    grace: Duration,
}

impl Drive {
    /// Runs by itself until the message is handled, whoever waits for it.
    pub(crate) fn start(self, mut message: ClientJsonRpcMessage, head: Option<Parts>) {
        let exchange = self.open.exchange.clone();
        let extensions = match &mut message {
            JsonRpcMessage::Request(message) => Some(message.request.extensions_mut()),
            JsonRpcMessage::Notification(message) => Some(message.notification.extensions_mut()),
            _ => None,
        };
        if let Some(extensions) = extensions {
            if let Some(session) = &self.session {
                extensions.insert(session.clone());
                extensions.insert(SessionClient { node: self.node.clone(), session: session.clone() });
            }
            exchange.outbox.iter().for_each(|outbox| drop(extensions.insert(StreamReader(outbox.clone()))));
            head.into_iter().for_each(|head| drop(extensions.insert(head)));
        }
        let service = self.serve(Some(message));
        exchange.keep(Box::new(service));
    }

    fn serve(self, message: Option<ClientJsonRpcMessage>) -> RunningService<RoleServer, Scoped> {
        let exchange = &self.open.exchange;
        let (outbox, request) = (exchange.outbox.clone(), exchange.request.clone());
        let (over, ct, grace) = (CancellationToken::new(), exchange.ct.clone(), self.node.runtime.config().grace);
        let life = Arc::new(Life { over, outbox, request, ct: ct.clone(), grace });
        let scoped = Scoped::new(self.node.service.clone(), life.clone());
        let peer = self.session.as_ref().map(|session| session.client().clone());
        serve_directly_with_ct(scoped, Once::new(self, message, life), peer, ct)
    }
}
