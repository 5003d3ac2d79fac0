use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::LogMessage;
use crate::principal::{AuthContext, Owner, Principal};
use crate::task::{ClientAbilities, DefaultScope, InputRequest, Progress, RpcError};
use crate::visibility::VisibilityRules;

/// Who calls, from where, and what their client can do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caller {
    /// Who.
    pub auth: AuthContext,
    /// The session of the call, as a digest (`Scope::session(principal, id).id`), if it has one.
    pub session: Option<String>,
    /// The values the call acts on by default.
    pub scope: DefaultScope,
    /// What the client can do.
    pub abilities: ClientAbilities,
    /// The network address it calls from, if it calls over a network.
    pub address: Option<IpAddr>,
    /// What it is shown, where that was read with its session already.
    pub visibility: Option<Arc<VisibilityRules>>,
}

impl Caller {
    /// A caller of a stateless request: the default scope is the principal's, and an anonymous caller has none.
    pub fn stateless(auth: AuthContext, abilities: ClientAbilities) -> Self {
        let scope = if auth.principal == Principal::Anonymous { DefaultScope::None } else { DefaultScope::Principal };
        Self { auth, session: None, scope, abilities, address: None, visibility: None }
    }

    /// A caller within a session whose values are its default scope.
    pub fn in_session(auth: AuthContext, session: String, abilities: ClientAbilities) -> Self {
        let scope = DefaultScope::Session(session.clone());
        Self { auth, session: Some(session), scope, abilities, address: None, visibility: None }
    }

    /// The same caller with a client that can do this.
    #[must_use]
    pub const fn able(mut self, abilities: ClientAbilities) -> Self {
        self.abilities = abilities;
        self
    }

    /// Who submitted a task, as its handler sees them.
    pub(crate) const fn of_task(
        auth: AuthContext,
        session: Option<String>,
        scope: DefaultScope,
        abilities: ClientAbilities,
    ) -> Self {
        Self { auth, session, scope, abilities, address: None, visibility: None }
    }

    /// The owner of what this caller creates; `None` for one without an identity, who owns nothing (contract G9).
    pub fn owner(&self) -> Option<Owner> {
        Owner::of(&self.auth.principal, self.session.as_deref())
    }
}

/// The client of a call that is running now: where progress goes and, if it can be asked within the call, who answers.
#[async_trait]
pub trait Client: Send + Sync + 'static {
    /// Whether it can be asked within the call. If not, a handler that needs input suspends: the call ends with the
    /// requests and is made again with the answers (MRTR of the 2026 wire).
    fn answers_within_call(&self) -> bool;

    /// Asks the client and waits for its result.
    ///
    /// # Errors
    /// The client's JSON-RPC error, or an internal one if it cannot be reached.
    async fn request(&self, key: &str, request: &InputRequest) -> Result<Value, RpcError>;

    /// Tells the client how far the call is. May be lost.
    async fn progress(&self, progress: &Progress);

    /// Tells the client's log, if it wants to hear that. May be lost, and is where there is no log.
    async fn log(&self, _message: &LogMessage) {}
}

#[async_trait]
impl<C: Client + ?Sized> Client for Arc<C> {
    fn answers_within_call(&self) -> bool {
        (**self).answers_within_call()
    }

    async fn request(&self, key: &str, request: &InputRequest) -> Result<Value, RpcError> {
        (**self).request(key, request).await
    }

    async fn progress(&self, progress: &Progress) {
        (**self).progress(progress).await;
    }

    async fn log(&self, message: &LogMessage) {
        (**self).log(message).await;
    }
}

/// Nobody who waits: who hears nothing on the way and cannot be asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoClient;

#[async_trait]
impl Client for NoClient {
    fn answers_within_call(&self) -> bool {
        false
    }

    async fn request(&self, _: &str, _: &InputRequest) -> Result<Value, RpcError> {
        Err(RpcError::internal("nobody waits"))
    }

    async fn progress(&self, _: &Progress) {}
}
