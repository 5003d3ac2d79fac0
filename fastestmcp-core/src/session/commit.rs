use std::time::Duration;

use bytes::Bytes;

use super::record::{Entry, Version};
use super::scope::Scope;
use crate::limits::{Limits, Refused, check_span};

/// A precondition on one key. An expired key is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// None.
    Any,
    /// The key is absent.
    Absent,
    /// The key is present.
    Present,
    /// The key is present with exactly this version.
    Version(Version),
}

impl Expect {
    /// Whether it holds for what is stored.
    pub fn holds(self, current: Option<Version>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => current.is_none(),
            Self::Present => current.is_some(),
            Self::Version(version) => current == Some(version),
        }
    }
}

/// One operation of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Stores a value.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: Bytes,
        /// What must hold.
        expect: Expect,
        /// The key's own life; without one the key lives as long as its scope, and an earlier ttl of it is cleared.
        ttl: Option<Duration>,
    },
    /// Removes a key.
    Delete {
        /// The key.
        key: String,
        /// What must hold.
        expect: Expect,
    },
    /// Removes a key and returns what it held: of any number of takers exactly one gets it.
    Take {
        /// The key.
        key: String,
        /// What must hold.
        expect: Expect,
    },
    /// Only checks the precondition.
    Check {
        /// The key.
        key: String,
        /// What must hold.
        expect: Expect,
    },
}

impl Op {
    /// An unconditional put without a ttl.
    pub fn put(key: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self::Put { key: key.into(), value: value.into(), expect: Expect::Any, ttl: None }
    }

    /// The key it is about.
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } | Self::Take { key, .. } | Self::Check { key, .. } => key,
        }
    }

    /// Its precondition.
    pub const fn expect(&self) -> Expect {
        match self {
            Self::Put { expect, .. }
            | Self::Delete { expect, .. }
            | Self::Take { expect, .. }
            | Self::Check { expect, .. } => *expect,
        }
    }
}

/// How long a scope lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Until its first deadline, which a touch slides; the absolute end wins over a ttl beyond it.
    pub ttl: Duration,
    /// Until its absolute end, which nothing moves.
    pub max_life: Option<Duration>,
}

/// What a commit does if its scope is missing or not (S3). Ignored for `System` scopes, which always exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitRule {
    /// The scope must be live; otherwise [`CommitOutcome::ScopeGone`].
    Existing,
    /// Creates a missing scope; leaves the life of a live one alone.
    CreateIfMissing(Lifetime),
    /// The scope must be missing; otherwise [`CommitOutcome::ScopeExists`].
    CreateNew(Lifetime),
}

/// Operations on one scope, applied all or not at all. A key appears at most once.
///
/// The rule is decided before any precondition; a commit that is refused creates no scope. Without operations it only
/// applies its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitRequest {
    /// Where.
    pub scope: Scope,
    /// What if it is missing.
    pub rule: CommitRule,
    /// What to do.
    pub ops: Vec<Op>,
}

impl CommitRequest {
    /// A commit of `ops` to `scope` under `rule`.
    pub const fn new(scope: Scope, rule: CommitRule, ops: Vec<Op>) -> Self {
        Self { scope, rule, ops }
    }
}

/// What one operation of an applied commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// A put stored the value under this version.
    Put(Version),
    /// A delete removed the key, or found nothing.
    Deleted(bool),
    /// A take removed this, or found nothing.
    Taken(Option<Entry>),
    /// A check held.
    Checked,
}

/// What became of a commit. Everything but `Committed` changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// All operations were applied; one result each, in order.
    Committed(Vec<Applied>),
    /// The first precondition that did not hold.
    Mismatch {
        /// The position of its operation.
        index: usize,
        /// What is stored there.
        current: Option<Entry>,
    },
    /// The rule was [`CommitRule::Existing`] and the scope is missing, expired or deleted.
    ScopeGone,
    /// The rule was [`CommitRule::CreateNew`] and the scope is live.
    ScopeExists,
}

impl Limits {
    /// Checks a `load`.
    ///
    /// # Errors
    /// A key, the scope's id or their number is too large.
    pub fn check_load(&self, scope: &Scope, keys: &[&str]) -> Result<(), Refused> {
        self.check_key("scope id", &scope.id)?;
        self.check_batch("keys", keys.len())?;
        keys.iter().try_for_each(|key| self.check_key("key", key))
    }

    /// Checks a `commit`.
    ///
    /// # Errors
    /// Something is too large, a lifetime is not within 1 ms to 100 years, or a key appears twice.
    pub fn check_commit(&self, request: &CommitRequest) -> Result<(), Refused> {
        self.check_key("scope id", &request.scope.id)?;
        self.check_batch("operations", request.ops.len())?;
        if let CommitRule::CreateIfMissing(lifetime) | CommitRule::CreateNew(lifetime) = &request.rule {
            check_lifetime(lifetime)?;
        }
        let mut bytes = 0;
        for op in &request.ops {
            self.check_key("key", op.key())?;
            if let Op::Put { value, ttl, .. } = op {
                self.check_value("value", value.len())?;
                bytes += value.len();
                ttl.map_or(Ok(()), |ttl| check_span("ttl", ttl))?;
            }
        }
        self.check_batch_bytes("values", bytes)?;
        let mut keys: Vec<&str> = request.ops.iter().map(Op::key).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Refused::invalid("a key appears twice in one commit"));
        }
        Ok(())
    }
}

fn check_lifetime(lifetime: &Lifetime) -> Result<(), Refused> {
    check_span("ttl", lifetime.ttl)?;
    lifetime.max_life.map_or(Ok(()), |max_life| check_span("max_life", max_life))
}
