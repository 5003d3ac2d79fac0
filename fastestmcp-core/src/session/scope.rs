use std::fmt;

use crate::ids;
use crate::principal::Principal;

/// What a scope belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeKind {
    /// An MCP session (2025 wire).
    Session,
    /// A state handle (2026 wire).
    Handle,
    /// A principal.
    Principal,
    /// The server itself. A System scope always exists and never expires.
    System,
}

impl ScopeKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Session, Self::Handle, Self::Principal, Self::System];

    /// A number for storage, stable over releases.
    pub const fn code(self) -> u8 {
        match self {
            Self::Session => 0,
            Self::Handle => 1,
            Self::Principal => 2,
            Self::System => 3,
        }
    }

    /// The kind that [`ScopeKind::code`] numbered.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The unit of expiry, deletion and serializability of stored values.
///
/// Unrelated keys never share one (S8): one OAuth code, one nonce bucket, one named piece of app state each is a System
/// scope of its own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// What it belongs to.
    pub kind: ScopeKind,
    /// Which one: opaque UTF-8 of at most 512 bytes. For sessions, handles and principals a digest.
    pub id: String,
}

impl Scope {
    /// A scope as a test or an operator's tool names it.
    pub fn new(kind: ScopeKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }

    /// The scope of a session of one principal; stored as a SHA-256 digest of both, never in clear, so that a foreign one
    /// is unknown (contract C5).
    pub fn session(principal: &Principal, session_id: &str) -> Self {
        Self::new(ScopeKind::Session, ids::digest(&[principal.digest().as_bytes(), session_id.as_bytes()]))
    }

    /// The scope of a state handle of one principal; stored as a digest of both, as that of a session is.
    pub fn handle(principal: &Principal, handle: &str) -> Self {
        Self::new(ScopeKind::Handle, ids::digest(&[principal.digest().as_bytes(), handle.as_bytes()]))
    }

    /// The scope of a principal.
    pub fn principal(principal: &Principal) -> Self {
        Self::new(ScopeKind::Principal, principal.digest())
    }

    /// A System scope. `area` names the subsystem, `name` one thing in it.
    pub fn system(area: &str, name: &str) -> Self {
        Self::new(ScopeKind::System, format!("{area}/{}", ids::digest(&[name.as_bytes()])))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.kind, self.id)
    }
}
