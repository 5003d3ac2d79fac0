use std::sync::Arc;

use ::http::request::Parts;
use fastestmcp_core::context::{Caller, Headers, RequestInfo};
use fastestmcp_core::event::Changes;
use fastestmcp_core::ids;
use fastestmcp_core::operation::{CallError, Request};
use fastestmcp_core::principal::{AuthContext, Principal};
use fastestmcp_core::runtime::Runtime;
use fastestmcp_core::session::Scope;
use fastestmcp_core::task::{ClientAbilities, DefaultScope};
use fastestmcp_rmcp::{Session, StreamReader};
use rmcp::model::{ClientCapabilities, ErrorData, RequestId};
use rmcp::service::{Peer, RequestContext, RoleServer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Identified;
use crate::peer_client::PeerClient;
use crate::wire::{STATELESS_REVISION, TASKS_REVISION, errors};

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

/// A request of a client, on its way from the wire to the door of the runtime.
pub(crate) struct Incoming<'r> {
    pub(crate) era: Era,
    pub(crate) id: RequestId,
    pub(crate) peer: Peer<RoleServer>,
    /// Cancelled when the client cancels or goes away.
    pub(crate) cancelled: CancellationToken,
    pub(crate) client: PeerClient,
    /// Who reads what the request is answered with, where that can be told.
    pub(crate) reader: Option<StreamReader>,
    caller: Caller,
    came_with: RequestInfo,
    runtime: &'r Runtime,
    /// What is under way, for an orderly stop.
    under_way: &'r TaskTracker,
}

impl<'r> Incoming<'r> {
    /// `local` is who calls where no HTTP request says otherwise.
    pub(crate) fn of(
        cx: &RequestContext<RoleServer>,
        runtime: &'r Runtime,
        under_way: &'r TaskTracker,
        local: &Principal,
    ) -> Self {
        let (caller, era) = caller_and_era(cx, local);
        Self {
            client: PeerClient::of(cx, matches!(era, Era::Session { .. })),
            era,
            id: cx.id.clone(),
            peer: cx.peer.clone(),
            reader: cx.extensions.get().cloned(),
            cancelled: cx.ct.clone(),
            came_with: came_with(cx),
            caller,
            runtime,
            under_way,
        }
    }

    /// The door of the runtime: a request comes in, its answer or its error comes back.
    pub(crate) async fn ask<R: Request + Clone>(&self, request: R) -> Result<R::Answer, CallError> {
        let _under_way = self.under_way.token();
        let admitted = self.runtime.admit(request, self.caller.clone()).await?;
        let admitted = admitted.cancelled_by(self.cancelled.clone()).with(self.came_with.clone());
        admitted.run(Arc::new(self.client.clone())).await
    }

    /// Whether the door would let a request in.
    pub(crate) async fn check<R: Request + Clone>(&self, request: R) -> Result<(), CallError> {
        self.runtime.admit(request, self.caller.clone()).await.map(drop)
    }

    /// Where what its principal is shown is kept, if it has an identity.
    pub(crate) fn principal_scope(&self) -> Option<Scope> {
        (self.caller.scope == DefaultScope::Principal).then(|| Scope::principal(&self.caller.auth.principal))
    }

    /// What many clients want to hear of.
    pub(crate) fn changes(&self) -> Changes {
        self.runtime.changes()
    }

    /// An error in the words of the request's era.
    pub(crate) fn refused(&self, error: &CallError) -> ErrorData {
        match (self.era, error) {
            (Era::Stateless { .. }, CallError::TaskOnly) => errors::needs_tasks(),
            _ => errors::refused(error),
        }
    }

    /// Cancelled when the server stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.runtime.stopping()
    }
}

fn caller_and_era(cx: &RequestContext<RoleServer>, local: &Principal) -> (Caller, Era) {
    let capabilities = cx.client_capabilities();
    let abilities = capabilities.as_ref().map(abilities).unwrap_or_default();
    let (caller, in_session) = match (cx.extensions.get::<Session>(), identified(cx)) {
        (Some(session), _) => (session.caller().clone().able(abilities), true),
        (None, Some(identified)) => {
            (identified.at_its_address(Caller::stateless(identified.auth.clone(), abilities)), false)
        }
        (None, None) => {
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
    (caller, era)
}

fn came_with(cx: &RequestContext<RoleServer>) -> RequestInfo {
    let headers = identified(cx).map(|identified| identified.clone() as Arc<dyn Headers>);
    RequestInfo::new(cx.id.to_string(), headers)
}

fn identified(cx: &RequestContext<RoleServer>) -> Option<&Arc<Identified>> {
    cx.extensions.get::<Parts>()?.extensions.get()
}

/// The session of a request in a log: the beginning of the digest of its id.
pub(crate) fn session(cx: &RequestContext<RoleServer>) -> Option<&str> {
    cx.extensions.get::<Session>()?.digest().get(..ids::BRIEF)
}

fn abilities(capabilities: &ClientCapabilities) -> ClientAbilities {
    let elicitation = capabilities.elicitation.as_ref();
    ClientAbilities {
        // Who names no mode shows forms: there was nothing else once.
        elicitation: elicitation.is_some_and(|modes| modes.form.is_some() || modes.url.is_none()),
        url_elicitation: elicitation.is_some_and(|modes| modes.url.is_some()),
        sampling: capabilities.sampling.is_some(),
        roots: capabilities.roots.is_some(),
    }
}
