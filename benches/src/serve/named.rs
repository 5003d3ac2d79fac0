use fastestmcp::http::header::AUTHORIZATION;
use fastestmcp::http::request::Parts;
use fastestmcp::{AuthContext, Authenticator, Challenge, Principal, async_trait};

/// Takes a bearer token for the name of who shows it, and who shows none for nobody, so that one server has both.
pub(super) struct Named;

#[async_trait]
impl Authenticator for Named {
    async fn authenticate(&self, head: &Parts) -> Result<AuthContext, Challenge> {
        let Some(shown) = head.headers.get(AUTHORIZATION) else { return Ok(AuthContext::new(Principal::Anonymous)) };
        let name = shown.to_str().ok().and_then(|shown| shown.strip_prefix("Bearer ")).ok_or(Challenge::bearer())?;
        Ok(AuthContext::new(Principal::User { issuer: "bench".into(), subject: name.into() }))
    }
}
