use std::collections::HashMap;
use std::fmt;

use ::http::header::AUTHORIZATION;
use ::http::request::Parts;
use async_trait::async_trait;
use fastestmcp_core::ids;
use fastestmcp_core::principal::{AuthContext, Principal};

use super::{Authenticator, Challenge};

/// Bearer tokens (RFC 6750) that the operator has given out: one per principal, for tests and for servers that few use.
/// Tokens are kept as digests.
///
/// ```
/// use fastestmcp_core::principal::Principal;
/// use fastestmcp_server::Bearer;
///
/// let user = |name: &str| Principal::User { issuer: "me".into(), subject: name.into() };
/// let tokens = Bearer::tokens([("8b1f…", user("ada")), ("c02a…", user("grace"))]);
/// ```
#[derive(Clone)]
pub struct Bearer {
    known: HashMap<String, AuthContext>,
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").field("tokens", &self.known.len()).finish()
    }
}

impl Bearer {
    /// Whoever shows a token is its principal.
    pub fn tokens<T: AsRef<str>>(tokens: impl IntoIterator<Item = (T, Principal)>) -> Self {
        Self::contexts(tokens.into_iter().map(|(token, principal)| (token, AuthContext::new(principal))))
    }

    /// The same with scopes, claims, a tenant, or an end.
    pub fn contexts<T: AsRef<str>>(tokens: impl IntoIterator<Item = (T, AuthContext)>) -> Self {
        Self { known: tokens.into_iter().map(|(token, auth)| (digest(token.as_ref()), auth)).collect() }
    }
}

/// Compared by their digests, tokens tell nothing of themselves by the time that takes.
fn digest(token: &str) -> String {
    ids::digest(&[b"bearer", token.as_bytes()])
}

#[async_trait]
impl Authenticator for Bearer {
    async fn authenticate(&self, head: &Parts) -> Result<AuthContext, Challenge> {
        let mut shown = head.headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (shown.next(), shown.next()) else { return Err(Challenge::bearer()) };
        let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Challenge::bearer());
        }
        self.known.get(&digest(token.trim())).cloned().ok_or_else(Challenge::invalid_token)
    }
}

#[cfg(test)]
mod tests {
    use ::http::Request;

    use super::*;

    fn head(values: &[&str]) -> Parts {
        let request = values.iter().fold(Request::builder(), |request, value| request.header(AUTHORIZATION, *value));
        request.body(()).unwrap().into_parts().0
    }

    #[tokio::test]
    async fn a_token_is_its_principals_and_nothing_else_is() {
        let ada = Principal::Local("ada".into());
        let bearer = Bearer::tokens([("secret", ada.clone())]);
        for known in ["Bearer secret", "bearer secret", "BEARER  secret "] {
            assert_eq!(bearer.authenticate(&head(&[known])).await.unwrap().principal, ada, "{known}");
        }
        for none in [&[][..], &["secret"], &["Basic secret"], &["Bearer"], &["Bearer secret", "Bearer secret"]] {
            assert_eq!(bearer.authenticate(&head(none)).await, Err(Challenge::bearer()), "{none:?}");
        }
        for wrong in ["Bearer Secret", "Bearer secre", "Bearer secrets", "Bearer "] {
            assert_eq!(bearer.authenticate(&head(&[wrong])).await, Err(Challenge::invalid_token()), "{wrong}");
        }
        assert!(!format!("{bearer:?}").contains("secret"));
    }
}
