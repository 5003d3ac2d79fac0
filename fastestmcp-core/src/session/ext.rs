use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::{Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Op, Scope, SessionStateStore, Touch};
use crate::error::StoreError;
use crate::time::backoff;

/// The longest pause between two attempts of an update.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Why an update was not stored.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError<E> {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The scope is missing, expired or deleted.
    #[error("the scope is gone")]
    ScopeGone,
    /// Other writers won every attempt until the deadline.
    #[error("too much contention on one key")]
    Contention,
    /// The new value could not be made; the old one is kept.
    #[error("the new value could not be made")]
    Refused(E),
}

/// Single-key verbs over [`SessionStateStore`], for every store alike.
#[async_trait]
pub trait SessionStateStoreExt: SessionStateStore {
    /// The value of one key, without touching the scope.
    ///
    /// # Errors
    /// As `load`.
    async fn get(&self, scope: &Scope, key: &str) -> Result<Option<Entry>, StoreError> {
        Ok(self.load(scope, &[key], None).await?.value.entries.pop().flatten())
    }

    /// Removes one key and returns what it held; of any number of takers exactly one gets it. `None` also when the
    /// scope is gone.
    ///
    /// # Errors
    /// As `commit`.
    async fn take(&self, scope: &Scope, key: &str) -> Result<Option<Entry>, StoreError> {
        let op = Op::Take { key: key.to_owned(), expect: Expect::Any };
        let request = CommitRequest::new(scope.clone(), CommitRule::Existing, vec![op]);
        match self.commit(request).await?.value {
            CommitOutcome::Committed(applied) => Ok(applied.into_iter().find_map(|applied| match applied {
                Applied::Taken(entry) => entry,
                _ => None,
            })),
            _ => Ok(None),
        }
    }

    /// Replaces one key by `f` of what it holds, by compare-and-set, and slides the scope by `touch`. Repeats with jitter
    /// as long as other writers win, until `deadline`; `f` may run several times (contract C4).
    ///
    /// Writers of one process do better to queue: they cost each other nothing but attempts.
    ///
    /// # Errors
    /// The store failed, the scope is gone, `f` refused, or other writers won until the deadline.
    async fn update<F, E>(&self, update: Update<'_>, mut f: F) -> Result<Bytes, UpdateError<E>>
    where
        F: for<'a> FnMut(Option<&'a Entry>) -> Result<Bytes, E> + Send,
        E: Send,
    {
        let Update { scope, rule, key, touch, deadline } = update;
        let mut current = self.load(scope, &[key], touch).await?.value.entries.pop().flatten();
        for attempt in 0.. {
            let value = f(current.as_ref()).map_err(UpdateError::Refused)?;
            let expect = current.as_ref().map_or(Expect::Absent, |entry| Expect::Version(entry.version));
            let op = Op::Put { key: key.to_owned(), value: value.clone(), expect, ttl: None };
            match self.commit(CommitRequest::new(scope.clone(), rule, vec![op])).await?.value {
                CommitOutcome::Committed(_) => return Ok(value),
                // It may still be so: another writer has just begun anew.
                CommitOutcome::Mismatch { current: found, .. } if attempt == 0 => {
                    current = found;
                    continue;
                }
                CommitOutcome::Mismatch { .. } => {}
                CommitOutcome::ScopeGone | CommitOutcome::ScopeExists => return Err(UpdateError::ScopeGone),
            }
            let pause = backoff(Duration::from_millis(1), attempt, LONGEST_PAUSE);
            if Instant::now() + pause >= deadline {
                break;
            }
            tokio::time::sleep(pause).await;
            // What was found is older than the pause by now: without a second look most attempts would be in vain.
            current = self.get(scope, key).await?;
        }
        Err(UpdateError::Contention)
    }
}

/// An update of one key.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// Where.
    pub scope: &'a Scope,
    /// What if the scope is missing.
    pub rule: CommitRule,
    /// Which key.
    pub key: &'a str,
    /// Slides the life of the scope.
    pub touch: Option<Touch>,
    /// When to give up.
    pub deadline: Instant,
}

impl<S: SessionStateStore + ?Sized> SessionStateStoreExt for S {}
