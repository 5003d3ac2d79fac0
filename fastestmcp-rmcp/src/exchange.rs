use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use rmcp::model::{ClientJsonRpcMessage, ErrorCode, ErrorData, RequestId, ServerJsonRpcMessage};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::outbox::Outbox;

/// What the client said to a drive that has not taken it yet.
const INBOX: usize = 64;
/// Requests to the client that one drive may have open.
const ASKED: usize = 64;
/// The JSON-RPC code of a request that was cancelled.
const CANCELLED: ErrorCode = ErrorCode(fastestmcp_core::operation::CANCELLED);

/// Replies and progress of the client. Boxed: a channel makes room for many messages at once, and most drives get none.
pub(crate) type Inbox = mpsc::Receiver<Box<ClientJsonRpcMessage>>;

/// One message of a client that is being handled here, and what it is answered with.
pub(crate) struct Exchange {
    pub(crate) id: u64,
    /// The digest of the session; empty for `initialize`.
    pub(crate) session: Arc<str>,
    /// The id of the request, if it is one.
    pub(crate) request: Option<RequestId>,
    pub(crate) began: Instant,
    /// Cancels the handler.
    pub(crate) ct: CancellationToken,
    /// What the request is answered with; a notification is not.
    pub(crate) outbox: Option<Arc<Outbox>>,
    inbox: mpsc::Sender<Box<ClientJsonRpcMessage>>,
    asked: AtomicUsize,
    service: Mutex<Slot>,
}

/// The service that handles the message. Dropping it cancels it: it is kept here until its transport is closed, which may be
/// before it is put here.
enum Slot {
    Awaited,
    Here(#[expect(dead_code, reason = "dropped")] Box<dyn Send>),
    Over,
}

impl Exchange {
    pub(super) fn new(
        id: u64,
        session: Arc<str>,
        request: Option<RequestId>,
        outbox: Option<Arc<Outbox>>,
    ) -> (Self, Inbox) {
        let (inbox, messages) = mpsc::channel(INBOX);
        let exchange = Self {
            id,
            session,
            request,
            began: Instant::now(),
            ct: CancellationToken::new(),
            outbox,
            inbox,
            asked: AtomicUsize::new(0),
            service: Mutex::new(Slot::Awaited),
        };
        (exchange, messages)
    }

    pub(crate) fn keep(&self, service: Box<dyn Send>) {
        let mut slot = self.service.lock();
        if matches!(*slot, Slot::Awaited) {
            *slot = Slot::Here(service);
        }
    }

    pub(super) fn is_over(&self) {
        // Not while it is locked: what is dropped may look here.
        let before = std::mem::replace(&mut *self.service.lock(), Slot::Over);
        drop(before);
    }

    /// Room for one more open request to the client.
    pub(crate) fn ask(&self) -> bool {
        self.asked
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |asked| (asked < ASKED).then_some(asked + 1))
            .is_ok()
    }

    /// Hands over the client's reply, or its progress.
    pub(crate) fn deliver(&self, message: ClientJsonRpcMessage) {
        if matches!(message, ClientJsonRpcMessage::Response(_) | ClientJsonRpcMessage::Error(_)) {
            let _ = self.asked.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |asked| asked.checked_sub(1));
        }
        if self.inbox.try_send(Box::new(message)).is_err() {
            tracing::debug!("what a client said was not taken");
        }
    }

    /// Tells the handler, and answers at once: nobody waits for a handler that does not listen.
    pub(crate) fn cancel(&self) {
        self.end(ErrorData::new(CANCELLED, "Cancelled", None));
    }

    /// It took longer than it may.
    pub(crate) fn time_out(&self) {
        self.end(ErrorData::internal_error("the request took too long", None));
    }

    /// The node stops before it is carried out.
    pub(crate) fn stop(&self) {
        self.end(ErrorData::internal_error("the server has stopped", Some(json!({ "reason": "stopped" }))));
    }

    fn end(&self, error: ErrorData) {
        if let (Some(outbox), Some(request)) = (&self.outbox, &self.request) {
            outbox.push(encode_error(request, error), true);
        }
        self.ct.cancel();
    }
}

/// The message that answers a request with an error.
pub(crate) fn encode_error(id: &RequestId, error: ErrorData) -> Bytes {
    serde_json::to_vec(&ServerJsonRpcMessage::error(error, Some(id.clone()))).unwrap_or_default().into()
}
