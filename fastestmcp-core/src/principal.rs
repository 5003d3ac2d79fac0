//! Who calls, and who owns what they created (contract G9).

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{self, MAX_ID_BYTES, TaskId};

/// An authenticated identity. Equality is strict: every field counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// Nobody in particular. Anonymous callers never see each other's state.
    Anonymous,
    /// A caller on this machine: stdio and in-process clients.
    Local(String),
    /// A subject that an issuer vouches for.
    User {
        /// Who vouches, usually the `iss` claim.
        issuer: String,
        /// Who it is, usually the `sub` claim.
        subject: String,
    },
}

impl Principal {
    /// The operating system's user: the default of a stdio server, so that its tasks survive restarts.
    pub fn of_this_process() -> Self {
        let name = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        Self::Local(name.unwrap_or_else(|| "local".to_owned()))
    }

    /// A digest that is equal exactly for equal principals; what stores keep instead of the name.
    pub fn digest(&self) -> String {
        match self {
            Self::Anonymous => ids::digest(&[b"anonymous"]),
            Self::Local(name) => ids::digest(&[b"local", name.as_bytes()]),
            Self::User { issuer, subject } => ids::digest(&[b"user", issuer.as_bytes(), subject.as_bytes()]),
        }
    }
}

/// A principal together with what is known about this call. Nothing here but the principal is identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthContext {
    /// Who calls.
    pub principal: Principal,
    /// The OAuth client that acts for the principal, recorded but not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Granted OAuth scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What else is vouched for.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// The organisation on whose behalf the principal calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// When all of this is no longer vouched for. What was begun before goes on.
    #[serde(skip)]
    pub expires: Option<SystemTime>,
}

impl AuthContext {
    /// Nothing is known but who it is.
    pub fn new(principal: Principal) -> Self {
        Self { principal, client: None, scopes: Vec::new(), claims: Map::new(), tenant: None, expires: None }
    }
}

/// The owner of a task record, opaque to backends and compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(String);

impl Owner {
    /// An owner as a test or an operator's tool spells it; at most 512 bytes.
    pub fn new(owner: impl Into<String>) -> Self {
        Self(owner.into())
    }

    /// The owner of what `principal` creates; `session` (already a digest) matters for anonymous callers only, whom it
    /// keeps apart. An anonymous caller without a session has no identity and owns nothing: `None`.
    pub fn of(principal: &Principal, session: Option<&str>) -> Option<Self> {
        match (principal, session) {
            (Principal::Anonymous, None) => None,
            (Principal::Anonymous, Some(session)) => Some(Self(ids::digest(&[b"anonymous", session.as_bytes()]))),
            _ => Some(Self(principal.digest())),
        }
    }

    /// The owner of a task that nobody owns: whoever knows its unguessable id. No two such tasks share an owner, so
    /// their callers share no quota and no lock either, and no list shows them (contract G9, R2).
    pub fn of_unowned(task: &TaskId) -> Self {
        Self(ids::digest(&[b"unowned", task.as_str().as_bytes()]))
    }

    /// The owner as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is short enough to store.
    pub const fn fits(&self) -> bool {
        self.0.len() <= MAX_ID_BYTES
    }
}

/// Whose records an operation may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerFilter {
    /// Everybody's: operators only, unreachable from the wire.
    Any,
    /// Exactly this owner's.
    Is(Owner),
}

impl OwnerFilter {
    /// Whether `owner` passes.
    pub fn admits(&self, owner: &Owner) -> bool {
        match self {
            Self::Any => true,
            Self::Is(wanted) => wanted == owner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_of_different_kinds_and_splits_never_share_an_owner() {
        let user = |issuer: &str, subject: &str| Principal::User { issuer: issuer.into(), subject: subject.into() };
        let owners = [
            Owner::of(&Principal::Anonymous, Some("s1")),
            Owner::of(&Principal::Anonymous, Some("s2")),
            Owner::of(&Principal::Local("a".into()), None),
            Owner::of(&user("a", "bc"), None),
            Owner::of(&user("ab", "c"), None),
            Some(Owner::of_unowned(&TaskId::new("t1"))),
            Some(Owner::of_unowned(&TaskId::new("t2"))),
        ];
        assert_eq!(Owner::of(&Principal::Anonymous, None), None);
        for (i, a) in owners.iter().enumerate() {
            for (j, b) in owners.iter().enumerate() {
                assert_eq!(i == j, a == b, "{i} {j}");
            }
        }
    }

    #[test]
    fn a_named_principal_owns_the_same_records_in_every_session() {
        let me = Principal::Local("me".into());
        assert_eq!(Owner::of(&me, Some("s1")), Owner::of(&me, None));
    }
}
