use std::time::Duration;

use ::http::request::Parts;
use async_trait::async_trait;
use fastestmcp_core::principal::AuthContext;

/// Tells who makes an HTTP request, from its head: its body has not been read.
///
/// Whatever is made by a request, sessions, tasks, handles, cursors, belongs to the
/// [`Principal`](fastestmcp_core::principal::Principal) that is answered here, and nobody else finds it (contract G9).
///
/// ```
/// use fastestmcp_core::principal::{AuthContext, Principal};
/// use fastestmcp_server::{Authenticator, Challenge};
/// use http::request::Parts;
///
/// /// Trusts a proxy in front that has looked who it is.
/// struct FromProxy;
///
/// #[async_trait::async_trait]
/// impl Authenticator for FromProxy {
///     async fn authenticate(&self, head: &Parts) -> Result<AuthContext, Challenge> {
///         let user = head.headers.get("x-user").and_then(|user| user.to_str().ok()).ok_or(Challenge::bearer())?;
///         Ok(AuthContext::new(Principal::User { issuer: "proxy".into(), subject: user.into() }))
///     }
/// }
/// ```
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// Who it is. Must answer within 10 s, or the request is refused as one that may be repeated.
    ///
    /// `async fn authenticate(&self, head: &http::request::Parts) -> Result<AuthContext, Challenge>`
    ///
    /// # Errors
    /// What the client is told that has not shown who it is, or may not do this.
    async fn authenticate(&self, head: &Parts) -> Result<AuthContext, Challenge>;
}

/// Why a request is not let in, as HTTP says it (RFC 6750, RFC 9110).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Challenge {
    /// 401: who it is was not shown, or not believed. The value of `WWW-Authenticate`.
    Unauthorized(String),
    /// 403: who it is may not do this. The value of `WWW-Authenticate`.
    Forbidden(String),
    /// 503: it cannot be told now, and may be asked again after this.
    Unavailable(Duration),
}

impl Challenge {
    /// Wants a bearer token.
    pub fn bearer() -> Self {
        Self::Unauthorized("Bearer".to_owned())
    }

    /// Does not take the bearer token that was shown.
    pub fn invalid_token() -> Self {
        Self::Unauthorized("Bearer error=\"invalid_token\"".to_owned())
    }
}
