use bytes::Bytes;

use super::{CommitOutcome, CommitRequest, CommitRule, Expect, Op, Scope, ScopeKind, SessionRegistry};
use crate::error::StoreError;
use crate::ids;
use crate::page::{PageLimit, PageRequest};

/// Begins the keys of a session's subscriptions, within its own scope.
const SUBSCRIPTION: &str = "r/sub/";
/// Subscriptions of one session at most: each is read for while its stream is open.
const MOST: usize = 256;
/// Bytes of a URI at most: it is kept as long as the session.
const LONGEST: usize = 2 << 10;

/// Why a session was not subscribed to a resource.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The session has ended or expired.
    #[error("the session is gone")]
    SessionGone,
    /// It has as many subscriptions as it may.
    #[error("too many subscriptions: {MOST} at most")]
    TooMany,
    /// The URI is longer than is kept.
    #[error("a URI of more than {LONGEST} bytes")]
    TooLong,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn key(uri: &str) -> String {
    format!("{SUBSCRIPTION}{}", ids::digest(&[uri.as_bytes()]))
}

/// Resource subscriptions of the 2025 wire: a stored set of each session (contract C8), which ends with it.
impl SessionRegistry {
    /// Subscribes a session, named by its digest, to a resource; once is enough.
    ///
    /// # Errors
    /// [`SubscribeError`].
    pub async fn subscribe(&self, session: &str, uri: &str) -> Result<(), SubscribeError> {
        if uri.len() > LONGEST {
            return Err(SubscribeError::TooLong);
        }
        // Two that come at once may both be let in: it is a bound, not a quota.
        let known = self.subscriptions(session).await?;
        if known.iter().any(|known| known == uri) {
            return Ok(());
        }
        if known.len() >= MOST {
            return Err(SubscribeError::TooMany);
        }
        let value = Bytes::copy_from_slice(uri.as_bytes());
        self.change(session, Op::Put { key: key(uri), value, expect: Expect::Any, ttl: None }).await
    }

    /// Ends a subscription; that there was none is no error.
    ///
    /// # Errors
    /// [`SubscribeError::SessionGone`], or the store failed.
    pub async fn unsubscribe(&self, session: &str, uri: &str) -> Result<(), SubscribeError> {
        self.change(session, Op::Delete { key: key(uri), expect: Expect::Any }).await
    }

    /// The URIs that a session, named by its digest, is subscribed to; none, if it is gone.
    ///
    /// # Errors
    /// The store failed.
    pub async fn subscriptions(&self, session: &str) -> Result<Vec<String>, StoreError> {
        let scope = Scope::new(ScopeKind::Session, session);
        let mut page = PageRequest::first(PageLimit::MAX);
        let mut uris = Vec::new();
        loop {
            let found = self.store.list_entries(&scope, SUBSCRIPTION, page).await?.value;
            uris.extend(found.items.iter().map(|(_, entry)| String::from_utf8_lossy(&entry.value).into_owned()));
            match found.next {
                Some(next) if uris.len() < MOST => page = PageRequest::after(PageLimit::MAX, next),
                _ => return Ok(uris),
            }
        }
    }

    async fn change(&self, session: &str, op: Op) -> Result<(), SubscribeError> {
        let scope = Scope::new(ScopeKind::Session, session);
        match self.store.commit(CommitRequest::new(scope, CommitRule::Existing, vec![op])).await?.value {
            CommitOutcome::ScopeGone => Err(SubscribeError::SessionGone),
            _ => Ok(()),
        }
    }
}
