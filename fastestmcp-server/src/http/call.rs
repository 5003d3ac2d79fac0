use std::sync::{Arc, OnceLock};

use ::http::request::Parts;
use bytes::Bytes;
use fastestmcp_core::principal::{AuthContext, Principal};
use fastestmcp_core::session::{Scope, SessionRecord};

use super::refusal::Refusal;

tokio::task_local! {
    static CURRENT: Arc<HttpCall>;
}

/// One HTTP request on its way through the protocol layer.
///
/// It travels in the request's extensions, for the handler, and in a task-local, for the session manager, whose methods
/// are not given the request.
#[derive(Debug)]
pub(crate) struct HttpCall {
    auth: AuthContext,
    body: Bytes,
    session: OnceLock<LiveSession>,
    refusal: OnceLock<Refusal>,
}

/// The session of a request, as the registry has it.
#[derive(Debug)]
pub(crate) struct LiveSession {
    /// The digest of its id.
    pub(crate) digest: String,
    pub(crate) record: SessionRecord,
}

impl HttpCall {
    /// `body` is the message as the client sent it.
    pub(super) fn new(parts: &Parts, body: Bytes) -> Self {
        let auth = AuthContext::new(principal_of(parts));
        Self { auth, body, session: OnceLock::new(), refusal: OnceLock::new() }
    }

    /// The request that the running task serves; `None` on the tasks that the protocol layer starts on its own.
    pub(super) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Runs `work` as this request.
    pub(super) async fn scope<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(self.clone(), work).await
    }

    pub(crate) const fn auth(&self) -> &AuthContext {
        &self.auth
    }

    pub(super) const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The live session the request belongs to.
    pub(crate) fn session(&self) -> Option<&LiveSession> {
        self.session.get()
    }

    pub(super) fn found_session(&self, id: &str, record: SessionRecord) {
        // A second look within one request finds the same session.
        let _ = self.session.set(LiveSession { digest: Scope::session(id).id, record });
    }

    /// Why the request is refused, whatever the protocol layer answers.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.get()
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        // The first reason stands.
        let _ = self.refusal.set(refusal);
    }
}

/// Who makes a request. Nobody authenticates over HTTP yet; this is where it plugs in.
const fn principal_of(_parts: &Parts) -> Principal {
    Principal::Anonymous
}
