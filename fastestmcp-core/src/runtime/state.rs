use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ContextError;
use crate::session::{
    CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Op, Scope, SessionStateStore, SessionStateStoreExt, Touch,
    UpdateError,
};

/// Stored values of one scope: a session's, a principal's, a handle's, or a named part of the server's own.
///
/// What one call sets, the next call of the scope reads on any node.
#[derive(Clone)]
pub struct State {
    store: Arc<dyn SessionStateStore>,
    scope: Scope,
    rule: CommitRule,
    touch: Option<Touch>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl State {
    pub(crate) fn new(store: Arc<dyn SessionStateStore>, scope: Scope, rule: CommitRule, touch: Option<Touch>) -> Self {
        Self { store, scope, rule, touch }
    }

    /// The value of `key`, or `None` if it is absent.
    ///
    /// # Errors
    /// The store failed, or the stored value is not a `T`. A failure is never reported as absent (contract C3).
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ContextError> {
        let loaded = self.store.load(&self.scope, &[&stored(key)], self.touch).await?.value;
        loaded.entries.into_iter().next().flatten().as_ref().map(read).transpose()
    }

    /// Stores `value` under `key`.
    ///
    /// # Errors
    /// The store failed, the value does not serialize or is too large, or the scope is gone: the old value is kept.
    pub async fn set<T: Serialize + Sync + ?Sized>(&self, key: &str, value: &T) -> Result<(), ContextError> {
        let value = write(value)?;
        self.keep_alive().await?;
        self.commit(Op::put(stored(key), value)).await
    }

    /// Removes `key`; fine if it is absent.
    ///
    /// # Errors
    /// The store failed, or the scope is gone.
    pub async fn delete(&self, key: &str) -> Result<(), ContextError> {
        self.commit(Op::Delete { key: stored(key), expect: Expect::Any }).await
    }

    /// Replaces the value of `key` by `f` of it and returns the new one. Concurrent updates on any nodes lose nothing
    /// (contract C4); `f` may run several times.
    ///
    /// # Errors
    /// As [`State::set`], or other writers won every attempt.
    pub async fn update<T, U>(&self, key: &str, mut f: impl FnMut(Option<T>) -> U + Send) -> Result<U, ContextError>
    where
        T: DeserializeOwned,
        U: Serialize + Send,
    {
        let mut result = None;
        let change = |entry: Option<&Entry>| -> Result<Bytes, ContextError> {
            let new = f(entry.map(read).transpose()?);
            let bytes = write(&new)?;
            result = Some(new);
            Ok(bytes)
        };
        self.keep_alive().await?;
        match self.store.update(&self.scope, self.rule, &stored(key), change).await {
            Ok(_) => result.ok_or(ContextError::Contention),
            Err(UpdateError::Refused(error)) => Err(error),
            Err(UpdateError::Store(error)) => Err(error.into()),
            Err(UpdateError::ScopeGone) => Err(ContextError::SessionGone),
            Err(UpdateError::Contention) => Err(ContextError::Contention),
        }
    }

    /// A write does not prolong a scope, so one whose life its uses slide is touched first.
    async fn keep_alive(&self) -> Result<(), ContextError> {
        if self.touch.is_some() {
            self.store.load(&self.scope, &[], self.touch).await?;
        }
        Ok(())
    }

    async fn commit(&self, op: Op) -> Result<(), ContextError> {
        match self.store.commit(CommitRequest::new(self.scope.clone(), self.rule, vec![op])).await?.value {
            CommitOutcome::Committed(_) => Ok(()),
            _ => Err(ContextError::SessionGone),
        }
    }
}

/// An author's key as stored: apart from what the runtime keeps in the same scope.
fn stored(key: &str) -> String {
    format!("u/{key}")
}

fn read<T: DeserializeOwned>(entry: &Entry) -> Result<T, ContextError> {
    serde_json::from_slice(&entry.value).map_err(ContextError::NotReadable)
}

fn write<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, ContextError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(ContextError::NotSerializable)
}
