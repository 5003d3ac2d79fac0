use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ServerJsonRpcMessage, ServerNotification};
use rmcp::service::{Peer, RunningService};

use super::{Drive, Scoped};
use crate::error::SendError;
use crate::node::Node;
use crate::session::Session;
use crate::topic::Entry;

/// The client of a session beyond the request that is handled, for handlers: `context.extensions.get::<SessionClient>()`.
#[derive(Clone)]
pub struct SessionClient {
    pub(super) node: Arc<Node>,
    pub(super) session: Session,
}

impl fmt::Debug for SessionClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionClient").field("session", &self.session).finish_non_exhaustive()
    }
}

impl SessionClient {
    /// Sends a notification on the standalone stream of the session, whichever node has it. It is kept for a client that
    /// comes back within five minutes.
    ///
    /// # Errors
    /// It does not serialize, or the store failed.
    pub async fn notify(&self, notification: ServerNotification) -> Result<(), SendError> {
        let data = serde_json::to_vec(&ServerJsonRpcMessage::notification(notification))?;
        Ok(self.node.append(self.session.digest(), Entry::Message(data.into())).await?)
    }

    /// A peer that belongs to no request: what it asks goes out on the standalone stream of the session, whichever node has
    /// it, and the replies come in on any.
    ///
    /// # Errors
    /// As much is under way in this session as may be.
    pub fn peer(&self) -> Result<SessionPeer, SendError> {
        let (node, session) = (self.node.clone(), self.session.clone());
        let opened = node.exchanges.open(node.exchanges.number(), session.digest_shared().clone(), None, None);
        let (open, inbox) = opened.map_err(|_| SendError::Overloaded)?;
        let drive = Drive { node, open, inbox, session: Some(session), grant: None };
        Ok(SessionPeer(drive.serve(None)))
    }
}

/// A peer that belongs to no request. It ends when it is dropped, with its session, and when a call would have to
/// ([`SharedHttpConfig::longest_call`](crate::SharedHttpConfig::longest_call)).
pub struct SessionPeer(RunningService<RoleServer, Scoped>);

impl fmt::Debug for SessionPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionPeer").finish_non_exhaustive()
    }
}

impl Deref for SessionPeer {
    type Target = Peer<RoleServer>;

    fn deref(&self) -> &Self::Target {
        self.0.peer()
    }
}
