use async_trait::async_trait;
use bytes::Bytes;

use super::{Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Op, Scope, SessionStateStore};
use crate::error::StoreError;

/// How often [`SessionStateStoreExt::update`] tries before it reports contention.
const UPDATE_ATTEMPTS: usize = 64;

/// Why an update was not stored.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError<E> {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The scope is missing, expired or deleted.
    #[error("the scope is gone")]
    ScopeGone,
    /// Other writers won every attempt.
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

    /// Replaces one key by `f` of what it holds, by compare-and-set; `f` may run several times (contract C4).
    ///
    /// # Errors
    /// The store failed, the scope is gone, `f` refused, or 64 attempts all lost to other writers.
    async fn update<F, E>(&self, scope: &Scope, rule: CommitRule, key: &str, mut f: F) -> Result<Bytes, UpdateError<E>>
    where
        F: for<'a> FnMut(Option<&'a Entry>) -> Result<Bytes, E> + Send,
        E: Send,
    {
        let mut current = self.get(scope, key).await?;
        for _ in 0..UPDATE_ATTEMPTS {
            let value = f(current.as_ref()).map_err(UpdateError::Refused)?;
            let expect = current.as_ref().map_or(Expect::Absent, |entry| Expect::Version(entry.version));
            let op = Op::Put { key: key.to_owned(), value: value.clone(), expect, ttl: None };
            match self.commit(CommitRequest::new(scope.clone(), rule, vec![op])).await?.value {
                CommitOutcome::Committed(_) => return Ok(value),
                CommitOutcome::Mismatch { current: found, .. } => current = found,
                CommitOutcome::ScopeGone | CommitOutcome::ScopeExists => return Err(UpdateError::ScopeGone),
            }
        }
        Err(UpdateError::Contention)
    }
}

impl<S: SessionStateStore + ?Sized> SessionStateStoreExt for S {}
