use std::net::IpAddr;
use std::sync::OnceLock;

use fastestmcp_core::context::Caller;
use fastestmcp_core::principal::AuthContext;
use fastestmcp_core::session::SessionRecord;

/// Who makes an HTTP request, from where, and within which session. It travels in the request's extensions.
#[derive(Debug)]
pub(crate) struct Identified {
    pub(crate) auth: AuthContext,
    address: Option<IpAddr>,
    session: OnceLock<LiveSession>,
}

/// The session of a request, as the registry has it.
#[derive(Debug)]
pub(crate) struct LiveSession {
    /// The digest of its principal and its id.
    pub(crate) digest: String,
    pub(crate) record: SessionRecord,
}

impl Identified {
    pub(crate) const fn new(auth: AuthContext, address: Option<IpAddr>) -> Self {
        Self { auth, address, session: OnceLock::new() }
    }

    pub(crate) fn session(&self) -> Option<&LiveSession> {
        self.session.get()
    }

    /// A second look within one request finds the same session.
    pub(crate) fn found_session(&self, session: LiveSession) {
        let _ = self.session.set(session);
    }

    pub(crate) fn at_its_address(&self, mut caller: Caller) -> Caller {
        caller.address = self.address;
        caller
    }
}
