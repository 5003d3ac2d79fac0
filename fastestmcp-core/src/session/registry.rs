use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::{
    CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Lifetime, Op, Scope, ScopeInfo, ScopeKind,
    SessionSettings, SessionStateStore, SessionStateStoreExt, Touch, Update, UpdateError,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::ids::{self, RandomSourceFailed};
use crate::page::{Page, PageRequest};
use crate::principal::Principal;
use crate::record::{self, Versioned};
use crate::visibility::VisibilityRules;

const FORMAT: u8 = 1;
/// The registry's record within the session's own scope, so that existence, touch and record are one load.
const RECORD: &str = "r/session";
/// What its client set since, beside it.
const SETTINGS: &str = "r/settings";
/// What is shown, in the scope of a session or of a principal.
pub(crate) const VISIBILITY: &str = "r/visibility";
/// What is kept of a session that was ended.
const ENDED: &str = "ended";
/// How long: as long as one of its tasks may still be found.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);
/// How long a change of settings may be repeated.
const SETTING: Duration = Duration::from_secs(5);
/// How old the count of sessions may be that admission is decided by (contract C5).
const COUNT_AGE: Duration = Duration::from_secs(1);

fn ended(session: &str) -> Scope {
    Scope::system("ended-session", session)
}

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

impl Versioned for SessionRecord {
    const FORMAT: u8 = FORMAT;

    fn format(&self) -> u8 {
        self.format
    }
}

impl SessionRecord {
    /// A record in the current format.
    pub const fn new(principal: Principal, protocol_version: String, initialize: Box<RawValue>) -> Self {
        Self { format: FORMAT, principal, protocol_version, initialize }
    }
}

pub(crate) fn decode<T: Versioned>(entry: &Entry) -> Result<T, StoreError> {
    record::decode(&entry.value).map_err(|error| {
        let kind = if error.is_newer() { StoreErrorKind::Unsupported } else { StoreErrorKind::Corrupt };
        StoreError::new(kind, "core", "read a record", error.to_string()).caused_by(error)
    })
}

/// A session that was found alive.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LiveSession {
    /// The digest of its principal and its id, which names it everywhere but on the wire.
    pub digest: String,
    /// What it remembers of its `initialize`.
    pub record: SessionRecord,
    /// What its client set since.
    pub settings: SessionSettings,
    /// What it is shown.
    pub visibility: Arc<VisibilityRules>,
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
    pub(super) store: Arc<dyn SessionStateStore>,
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
        let request =
            CommitRequest::new(Scope::session(&record.principal, &id), CommitRule::CreateNew(life), vec![put]);
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

    /// The session `id` of `principal` if it lives; slides its life. Unknown, expired, ended and foreign are all `None`,
    /// and a foreign one feels nothing of it.
    ///
    /// # Errors
    /// The store failed, which never means that the session is gone.
    pub async fn open(&self, principal: &Principal, id: &str) -> Result<Option<LiveSession>, StoreError> {
        let scope = Scope::session(principal, id);
        let touch = Touch::new(self.limits.idle);
        let loaded = self.store.load(&scope, &[RECORD, SETTINGS, VISIBILITY], Some(touch)).await?.value;
        let mut entries = loaded.entries.into_iter();
        let mut entry = || entries.next().flatten();
        let (Some(record), settings, visibility) = (entry(), entry(), entry()) else { return Ok(None) };
        let settings = settings.as_ref().map(decode).transpose()?.unwrap_or_default();
        let visibility = match visibility {
            Some(entry) => Arc::new(decode(&entry)?),
            None => VisibilityRules::none(),
        };
        Ok(Some(LiveSession { digest: scope.id, record: decode(&record)?, settings, visibility }))
    }

    /// Changes what the client of a session, named by its digest, has set. False if it has ended or expired.
    ///
    /// # Errors
    /// The store failed, or others changed it all the time.
    pub async fn set(
        &self,
        session: &str,
        mut change: impl FnMut(&mut SessionSettings) + Send,
    ) -> Result<bool, StoreError> {
        let failed = |kind, detail: &str| StoreError::new(kind, "core", "change session", detail);
        let scope = Scope::new(ScopeKind::Session, session);
        let deadline = Instant::now() + SETTING;
        let update = Update { scope: &scope, rule: CommitRule::Existing, key: SETTINGS, touch: None, deadline };
        let changed = self.store.update(update, |entry| {
            let mut settings = entry.map(decode::<SessionSettings>).transpose()?.unwrap_or_default();
            change(&mut settings);
            serde_json::to_vec(&settings)
                .map(Bytes::from)
                .map_err(|error| failed(StoreErrorKind::InvalidInput, "the settings do not serialize").caused_by(error))
        });
        match changed.await {
            Ok(_) => Ok(true),
            Err(UpdateError::ScopeGone) => Ok(false),
            Err(UpdateError::Contention) => Err(failed(StoreErrorKind::Contention, "others changed it all the time")),
            Err(UpdateError::Store(error) | UpdateError::Refused(error)) => Err(error),
        }
    }

    /// Keeps a session, named by its digest, alive while somebody works in it, within its absolute life.
    /// False if it has ended or expired.
    ///
    /// # Errors
    /// The store failed.
    pub async fn hold(&self, session: &str) -> Result<bool, StoreError> {
        self.touch(session, Touch::new(self.limits.idle)).await
    }

    /// Keeps a session, named by its digest, alive for `ttl` to the millisecond, within its absolute life.
    /// False if it has ended or expired.
    ///
    /// # Errors
    /// The store failed.
    pub async fn hold_for(&self, session: &str, ttl: Duration) -> Result<bool, StoreError> {
        self.touch(session, Touch { ttl, slack: Duration::ZERO }).await
    }

    async fn touch(&self, session: &str, touch: Touch) -> Result<bool, StoreError> {
        let scope = Scope::new(ScopeKind::Session, session);
        Ok(self.store.load(&scope, &[], Some(touch)).await?.value.scope.is_some())
    }

    /// Ends a session, named by its digest, on every node. True if it lived.
    ///
    /// That it was ended, and has not merely expired, is remembered for a week ([`SessionRegistry::was_ended`]).
    ///
    /// # Errors
    /// The store failed; the session lives on then.
    pub async fn end(&self, session: &str) -> Result<bool, StoreError> {
        // Remembered first: whoever finds the session gone later must find this, too.
        let put = Op::Put { key: ENDED.to_owned(), value: Bytes::new(), expect: Expect::Any, ttl: Some(REMEMBERED) };
        self.store.commit(CommitRequest::new(ended(session), CommitRule::Existing, vec![put])).await?;
        Ok(self.store.delete_scope(&Scope::new(ScopeKind::Session, session)).await?.value)
    }

    /// Whether a session that is gone, named by its digest, was ended rather than left to expire. Says nothing
    /// of a session that lives.
    ///
    /// # Errors
    /// The store failed.
    pub async fn was_ended(&self, session: &str) -> Result<bool, StoreError> {
        Ok(self.store.get(&ended(session), ENDED).await?.is_some())
    }

    /// The live sessions, by their digests, in an order that the store chooses and keeps.
    ///
    /// # Errors
    /// As [`SessionStateStore::list_scopes`].
    pub async fn list(&self, page: PageRequest) -> Result<Page<(String, ScopeInfo)>, StoreError> {
        let Page { items, next } = self.store.list_scopes(ScopeKind::Session, page).await?.value;
        Ok(Page { items: items.into_iter().map(|(scope, info)| (scope.id, info)).collect(), next })
    }

    /// The record of a session, named by its digest, without sliding its life.
    ///
    /// # Errors
    /// The store failed.
    pub async fn record(&self, session: &str) -> Result<Option<SessionRecord>, StoreError> {
        let entry = self.store.get(&Scope::new(ScopeKind::Session, session), RECORD).await?;
        entry.as_ref().map(decode).transpose()
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
