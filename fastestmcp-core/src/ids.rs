//! Identifiers: random ids, namespaces, digests.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest id, key, topic, queue or namespace, in bytes (contract G7).
pub const MAX_ID_BYTES: usize = 512;

/// The tenant a store handle belongs to, fixed when the handle is opened (contract G8).
///
/// Handles of different namespaces on one database never see each other's data.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Namespace(String);

impl Namespace {
    /// A namespace of 1 to 512 bytes of UTF-8; `None` if `name` is empty or longer.
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        (!name.is_empty() && name.len() <= MAX_ID_BYTES).then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Namespace {
    /// `default`.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// An id of at most so many bytes is no secret: none of ours is that short.
const SHOWN_WHOLE: usize = 16;
/// Characters that are shown of a longer one: of a task's id `task-` and 48 of its 256 random bits.
const SHOWN: usize = 13;

/// Characters of a session's digest that logs show.
pub const BRIEF: usize = 8;

/// The id of a task, opaque to backends.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(String);

impl TaskId {
    /// An id as it came from the wire or from a test; stores accept any UTF-8 of at most 512 bytes.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// A fresh, unguessable id: `task-` and 256 random bits (contract T1 asks for at least 128).
    ///
    /// # Errors
    /// The operating system's random source failed.
    pub fn random() -> Result<Self, RandomSourceFailed> {
        Ok(Self(format!("task-{}", random_token()?)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as logs show it: enough to find a task, too little to reach it. The id of an anonymous caller's task is
    /// all it takes to read it (contract G9, G17).
    pub fn short(&self) -> ShortId<'_> {
        ShortId(&self.0)
    }
}

/// As it is shown in logs: shortened.
impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.short().to_string())
    }
}

/// An id shortened for logs.
#[derive(Clone, Copy, Debug)]
pub struct ShortId<'a>(&'a str);

impl<'a> ShortId<'a> {
    /// Any id.
    pub const fn of(id: &'a str) -> Self {
        Self(id)
    }
}

impl fmt::Display for ShortId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() <= SHOWN_WHOLE {
            return f.write_str(self.0);
        }
        let shown = self.0.char_indices().nth(SHOWN).map_or(self.0.len(), |(at, _)| at);
        write!(f, "{}…", &self.0[..shown])
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The operating system could not supply random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system's random source failed")]
pub struct RandomSourceFailed;

/// 256 bits from the operating system as 43 characters of unpadded base64url: session ids, handles, nonces.
///
/// # Errors
/// The operating system's random source failed.
pub fn random_token() -> Result<String, RandomSourceFailed> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

/// `N` random bytes from the operating system.
///
/// # Errors
/// The operating system's random source failed.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomSourceFailed> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| RandomSourceFailed)?;
    Ok(bytes)
}

/// SHA-256 over parts, each preceded by its length, as 43 characters of unpadded base64url.
///
/// The lengths make the encoding structural: `["a", "bc"]` and `["ab", "c"]` differ.
pub fn digest(parts: &[&[u8]]) -> String {
    URL_SAFE_NO_PAD.encode(digest_bytes(parts))
}

/// As [`digest`], as bytes.
pub fn digest_bytes(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_structural() {
        assert_ne!(digest(&[b"a", b"bc"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"a"]), digest(&[b"a", b""]));
        assert_eq!(digest(&[b"a"]).len(), 43);
    }

    #[test]
    fn a_log_does_not_tell_an_id_that_opens_a_task() {
        let id = TaskId::random().unwrap();
        let (shown, debugged) = (id.short().to_string(), format!("{id:?}"));
        assert_eq!(shown, format!("{}…", &id.as_str()[..13]));
        assert_eq!(debugged, format!("{shown:?}"));
        assert_eq!(TaskId::new("t1").short().to_string(), "t1");
        assert_eq!(TaskId::new("ä".repeat(20)).short().to_string(), format!("{}…", "ä".repeat(13)));
    }

    #[test]
    fn random_ids_differ_and_have_the_documented_shape() {
        let (a, b) = (TaskId::random().unwrap(), TaskId::random().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.as_str().len(), "task-".len() + 43);
    }
}
