use ::http::request::Parts;
use async_trait::async_trait;
use fastestmcp_core::principal::{AuthContext, Principal};

use super::{Authenticator, Challenge};

/// Asks nobody who they are. Such callers share nothing: neither what they make nor what they may use of the server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

#[async_trait]
impl Authenticator for Anonymous {
    async fn authenticate(&self, _: &Parts) -> Result<AuthContext, Challenge> {
        Ok(AuthContext::new(Principal::Anonymous))
    }
}
