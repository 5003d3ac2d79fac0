use std::fmt;
use std::sync::Arc;

use fastestmcp_core::context::Caller;
use fastestmcp_core::ids;
use fastestmcp_core::session::{LiveSession, LogLevel};
use rmcp::model::InitializeRequestParams;

/// The first revision whose clients know priming events and `retry`: an older client takes an event without data for a
/// message.
const PRIMES: &str = "2025-11-25";

/// The session of a request, for handlers: `context.extensions.get::<Session>()`.
///
/// One handler serves all sessions on all nodes, so nothing of a session is in the handler: what must be remembered of it
/// belongs into a store, under [`Session::digest`].
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    id: String,
    digest: Arc<str>,
    caller: Caller,
    level: Option<LogLevel>,
    client: InitializeRequestParams,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.0.digest.get(..ids::BRIEF).unwrap_or_default()).finish()
    }
}

impl Session {
    /// # Errors
    /// The record is not what `initialize` left.
    pub(crate) fn new(id: String, caller: Caller, live: LiveSession) -> serde_json::Result<Self> {
        let mut client: InitializeRequestParams = serde_json::from_str(live.record.initialize.get())?;
        // What was agreed, not what was asked for.
        client.protocol_version = serde_json::from_value(live.record.protocol_version.into())?;
        let mut within = Caller::in_session(caller.auth, live.digest.clone(), caller.abilities);
        within.address = caller.address;
        within.visibility = Some(live.visibility);
        let (digest, level) = (live.digest.into(), live.settings.level);
        Ok(Self(Arc::new(Inner { id, digest, caller: within, level, client })))
    }

    /// Names it everywhere but on the wire: a digest of its principal and its id, the same on every node.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// Who made the request.
    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// What its client said in `initialize`, with the protocol version that was agreed on.
    pub fn client(&self) -> &InitializeRequestParams {
        &self.0.client
    }

    /// Its name on the wire, which is a secret.
    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    pub(crate) fn digest_shared(&self) -> &Arc<str> {
        &self.0.digest
    }

    pub(crate) fn level(&self) -> Option<LogLevel> {
        self.0.level
    }

    pub(crate) fn primes(&self) -> bool {
        self.0.client.protocol_version.as_str() >= PRIMES
    }
}
