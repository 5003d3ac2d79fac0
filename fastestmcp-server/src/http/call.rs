use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use fastestmcp_core::principal::Principal;
use tokio::sync::Notify;

use super::refusal::Refusal;
use crate::auth::{Identified, LiveSession};
use crate::wire::inbound::Envelope;

tokio::task_local! {
    static CURRENT: Arc<HttpCall>;
}

/// One HTTP request on its way through the protocol layer: a task-local, for the session manager, whose methods are not
/// given the request.
#[derive(Debug)]
pub(crate) struct HttpCall {
    identified: Arc<Identified>,
    /// What is known of the message without its params.
    envelope: Envelope,
    /// The message itself, if it is one that makes a session.
    initialize: Option<Bytes>,
    refusal: OnceLock<Refusal>,
    left: Notify,
}

impl HttpCall {
    pub(super) fn new(identified: Arc<Identified>, envelope: Envelope, message: &Bytes) -> Self {
        let initialize = envelope.is("initialize").then(|| message.clone());
        Self { identified, envelope, initialize, refusal: OnceLock::new(), left: Notify::new() }
    }

    /// The request that the running task serves; `None` on the tasks that the protocol layer starts on its own.
    pub(super) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Runs `work` as this request.
    pub(super) async fn scope<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(self.clone(), work).await
    }

    pub(super) fn identified(&self) -> &Identified {
        &self.identified
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.identified.auth.principal
    }

    pub(super) const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    pub(super) const fn initialize(&self) -> Option<&Bytes> {
        self.initialize.as_ref()
    }

    /// The live session the request belongs to.
    pub(super) fn session(&self) -> Option<&LiveSession> {
        self.identified.session()
    }

    /// Why the request is refused, whatever the protocol layer answers.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.get()
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        // The first reason stands.
        let _ = self.refusal.set(refusal);
    }

    /// Takes the request out of the protocol layer: it is refused, and nothing more is done for it. Does not return.
    pub(super) async fn leave<T>(&self) -> T {
        self.left.notify_one();
        std::future::pending().await
    }

    /// Ends when the request has left the protocol layer without an answer.
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }
}
