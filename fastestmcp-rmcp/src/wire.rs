use std::any::Any;

use async_trait::async_trait;
use fastestmcp_core::context::Caller;
use fastestmcp_core::principal::{AuthContext, Principal};
use fastestmcp_core::task::{ClientAbilities, RpcError};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::request::Parts;
use rmcp::model::{ServerJsonRpcMessage, ServerNotification, ServerRequest};
use serde_json::Value;

use crate::session::Session;

/// What a server adds to the way of a request beyond rmcp's `ServerHandler`.
///
/// Everything has a default, which is that of a server whose callers are anonymous. Whoever knows who calls says so:
///
/// ```
/// use fastestmcp_core::context::Caller;
/// use fastestmcp_core::principal::{AuthContext, Principal};
/// use fastestmcp_core::task::ClientAbilities;
/// use fastestmcp_rmcp::Wire;
/// use http::request::Parts;
///
/// /// Trusts a proxy in front that has looked who it is.
/// struct FromProxy;
///
/// impl Wire for FromProxy {
///     fn caller(&self, head: &Parts) -> Caller {
///         let user = head.headers.get("x-user").and_then(|user| user.to_str().ok()).unwrap_or_default();
///         let user = Principal::User { issuer: "proxy".to_owned(), subject: user.to_owned() };
///         Caller::stateless(AuthContext::new(user), ClientAbilities::default())
///     }
/// }
/// ```
#[async_trait]
pub trait Wire: Send + Sync + 'static {
    /// Who makes a request, as its head says. A session belongs to the principal that opened it: nobody else finds it
    /// (contract C5). Refuse in front of this service who may not come in at all.
    fn caller(&self, _head: &Parts) -> Caller {
        Caller::stateless(AuthContext::new(Principal::Anonymous), ClientAbilities::default())
    }

    /// Changes what goes to the client of a session, before it is written. There is no session yet where it is the answer
    /// to `initialize`.
    fn outbound(&self, _session: Option<&Session>, _message: &mut ServerJsonRpcMessage) {}

    /// Marks a request to the client whose reply is to be kept by [`Wire::reply`], whichever node it reaches.
    fn tag(&self, _request: &ServerRequest) -> Option<String> {
        None
    }

    /// Keeps the reply to a request that [`Wire::tag`] marked, before it is acknowledged. Whoever waits for it on the node
    /// that asked gets it then, too.
    ///
    /// `async fn reply(&self, session: &Session, tag: &str, answer: Value) -> Result<(), RpcError>`
    ///
    /// # Errors
    /// It could not be kept, and the client is told so.
    async fn reply(&self, _session: &Session, _tag: &str, _answer: Value) -> Result<(), RpcError> {
        Ok(())
    }

    /// What a client is told on the standalone stream of its session while it reads that, beside what is said to the session, to
    /// those subscribed to a resource, and to all. It has no ids: who was not there is not told later. Must not end.
    fn news(&self, _session: &Session) -> BoxStream<'static, ServerNotification> {
        stream::pending().boxed()
    }

    /// Room for a stream that a client keeps open, given back when it is dropped.
    ///
    /// `async fn listen(&self, session: &Session) -> Result<Box<dyn Any + Send + Sync>, RpcError>`
    ///
    /// # Errors
    /// There is none, or it may have none.
    async fn listen(&self, _session: &Session) -> Result<Box<dyn Any + Send + Sync>, RpcError> {
        Ok(Box::new(()))
    }
}

/// A server whose callers are anonymous, and that adds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Wire for Anonymous {}
