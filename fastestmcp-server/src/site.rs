use std::sync::Arc;

use ::http::request::Parts;
use fastestmcp_core::ids;
use fastestmcp_core::principal::{AuthContext, Principal};
use fastestmcp_core::runtime::Caller;
use fastestmcp_core::task::ClientAbilities;
use rmcp::model::ClientCapabilities;
use rmcp::service::{RequestContext, RoleServer};

use crate::http::HttpCall;
use crate::wire::{STATELESS_REVISION, TASKS_REVISION};

/// Which rules a request is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// It belongs to a connection that began with `initialize` (2025 wire).
    Session {
        /// The client negotiated the revision that knows tasks.
        knows_tasks: bool,
    },
    /// It stands for itself (2026 wire).
    Stateless {
        /// The client declared the tasks extension.
        tasks: bool,
    },
}

/// Where a request comes from.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) caller: Caller,
    pub(crate) era: Era,
}

impl Site {
    /// `local` is who calls where no HTTP request says otherwise.
    pub(crate) fn of(cx: &RequestContext<RoleServer>, local: &Principal) -> Self {
        let capabilities = cx.client_capabilities();
        let abilities = capabilities.as_ref().map(abilities).unwrap_or_default();
        let (caller, in_session) = match http_call(cx) {
            Some(call) => match call.session() {
                Some(session) => (Caller::in_session(call.auth().clone(), session.digest.clone(), abilities), true),
                None => (Caller::stateless(call.auth().clone(), abilities), false),
            },
            None => {
                // On stdio both eras share one connection, and only `initialize` leaves a peer behind.
                let names_stateless =
                    cx.meta.protocol_version().is_some_and(|version| version.as_str() >= STATELESS_REVISION);
                let caller = Caller::stateless(AuthContext::new(local.clone()), abilities);
                (caller, !names_stateless && cx.peer.peer_info().is_some())
            }
        };
        let era = if in_session {
            let knows_tasks = cx.peer.peer_info().is_some_and(|info| info.protocol_version.as_str() == TASKS_REVISION);
            Era::Session { knows_tasks }
        } else {
            Era::Stateless { tasks: capabilities.is_some_and(|capabilities| capabilities.supports_tasks()) }
        };
        Self { caller, era }
    }
}

fn http_call(cx: &RequestContext<RoleServer>) -> Option<&Arc<HttpCall>> {
    cx.extensions.get::<Parts>()?.extensions.get()
}

/// The session of a request in a log: the beginning of the digest of its id.
pub(crate) fn session(cx: &RequestContext<RoleServer>) -> Option<&str> {
    http_call(cx)?.session()?.digest.get(..ids::BRIEF)
}

const fn abilities(capabilities: &ClientCapabilities) -> ClientAbilities {
    ClientAbilities {
        elicitation: capabilities.elicitation.is_some(),
        sampling: capabilities.sampling.is_some(),
        roots: capabilities.roots.is_some(),
    }
}
