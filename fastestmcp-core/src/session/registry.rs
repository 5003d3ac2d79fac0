use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    CommitOutcome, CommitRequest, CommitRule, Expect, Lifetime, Op, Scope, ScopeKind, SessionStateStore, Touch,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::ids::{self, RandomSourceFailed};
use crate::principal::Principal;

const FORMAT: u8 = 1;
/// The registry's record within the session's own scope, so that existence, touch and record are one load.
const RECORD: &str = "r/session";
/// How old the count of sessions may be that admission is decided by (contract C5).
const COUNT_AGE: Duration = Duration::from_secs(1);

/// The rules of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Live sessions at most.
    pub max: u64,
    /// Life of a session that nobody uses.
    pub idle: Duration,
    /// Life of any session.
    pub longest: Duration,
    /// How long a new one may take until its first use after `initialize`.
    pub init: Duration,
}

/// What a session remembers of its `initialize`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionRecord {
    format: u8,
    /// Who opened it; nobody else may use it.
    pub principal: Principal,
    /// The negotiated protocol version.
    pub protocol_version: String,
    /// The params of `initialize` as the client sent them, not looked at with every request.
    pub initialize: Box<RawValue>,
}

impl SessionRecord {
    /// A record in the current format.
    pub const fn new(principal: Principal, protocol_version: String, initialize: Box<RawValue>) -> Self {
        Self { format: FORMAT, principal, protocol_version, initialize }
    }
}

/// Why no session was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// There are as many as there may be. No live one is ever evicted for a new one.
    #[error("too many sessions")]
    Full {
        /// When to come back.
        retry_after: Duration,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system's random source failed.
    #[error(transparent)]
    Random(#[from] RandomSourceFailed),
}

/// Sessions of the 2025 wire, the same on every node (contract C5).
#[derive(Clone)]
pub struct SessionRegistry {
    store: Arc<dyn SessionStateStore>,
    limits: SessionLimits,
    count: Arc<Mutex<Option<(Instant, u64)>>>,
}

impl fmt::Debug for SessionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRegistry").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl SessionRegistry {
    /// A registry over `store`.
    pub fn new(store: Arc<dyn SessionStateStore>, limits: SessionLimits) -> Self {
        Self { store, limits, count: Arc::default() }
    }

    /// Makes a session and returns its id: 256 random bits, stored as a digest only.
    ///
    /// # Errors
    /// [`SessionError::Full`], or the store failed.
    pub async fn create(&self, record: &SessionRecord) -> Result<String, SessionError> {
        self.admit().await?;
        let id = ids::random_token()?;
        let value = serde_json::to_vec(record).map_err(|error| {
            StoreError::new(StoreErrorKind::InvalidInput, "core", "create session", "the record does not serialize")
                .caused_by(error)
        })?;
        let life = Lifetime { ttl: self.limits.init, max_life: Some(self.limits.longest) };
        let put = Op::Put { key: RECORD.to_owned(), value: Bytes::from(value), expect: Expect::Absent, ttl: None };
        let request = CommitRequest::new(Scope::session(&id), CommitRule::CreateNew(life), vec![put]);
        match self.store.commit(request).await?.value {
            CommitOutcome::Committed(_) => Ok(id),
            other => Err(SessionError::Store(StoreError::new(
                StoreErrorKind::Unexpected,
                "core",
                "create session",
                format!("a fresh session answered {other:?}"),
            ))),
        }
    }

    /// The session `id` if it lives and belongs to `principal`; slides its life. Unknown, expired, ended and foreign are
    /// all `None`.
    ///
    /// # Errors
    /// The store failed, which never means that the session is gone.
    pub async fn open(&self, id: &str, principal: &Principal) -> Result<Option<SessionRecord>, StoreError> {
        let record = self.read(id, Some(Touch::new(self.limits.idle))).await?;
        Ok(record.filter(|record| record.principal == *principal))
    }

    /// The record of a session, without sliding its life.
    ///
    /// # Errors
    /// The store failed.
    pub async fn find(&self, id: &str) -> Result<Option<SessionRecord>, StoreError> {
        self.read(id, None).await
    }

    async fn read(&self, id: &str, touch: Option<Touch>) -> Result<Option<SessionRecord>, StoreError> {
        let loaded = self.store.load(&Scope::session(id), &[RECORD], touch).await?.value;
        let entry = loaded.entries.into_iter().next().flatten();
        entry.map(|entry| serde_json::from_slice(&entry.value)).transpose().map_err(|error| {
            StoreError::new(StoreErrorKind::Corrupt, "core", "open session", "the record is not readable")
                .caused_by(error)
        })
    }

    /// Keeps a session, named by the digest of its id, alive for at least `ttl`, within its absolute life.
    ///
    /// # Errors
    /// The store failed.
    pub async fn hold(&self, session: &str, ttl: Duration) -> Result<(), StoreError> {
        let scope = Scope::new(ScopeKind::Session, session);
        self.store.load(&scope, &[], Some(Touch::new(ttl))).await.map(drop)
    }

    /// Ends a session on every node. True if it lived.
    ///
    /// # Errors
    /// The store failed; the session lives on then.
    pub async fn end(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.store.delete_scope(&Scope::session(id)).await?.value)
    }

    /// Refuses above the limit by a count of at most [`COUNT_AGE`], which this node's own creations are added to.
    async fn admit(&self) -> Result<(), SessionError> {
        let cached = self.count.lock().filter(|(at, _)| at.elapsed() < COUNT_AGE);
        let (at, count) = match cached {
            Some(cached) => cached,
            None => {
                let count = self.store.count_scopes(ScopeKind::Session, self.limits.max).await?.value;
                (Instant::now(), count)
            }
        };
        if count >= self.limits.max {
            *self.count.lock() = Some((at, count));
            return Err(SessionError::Full { retry_after: COUNT_AGE });
        }
        *self.count.lock() = Some((at, count + 1));
        Ok(())
    }
}
