use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ContextError;
use super::host::{ValueRef, Values};
use crate::json;
use crate::session::{CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Op, Scope, Touch};

/// Stored values of one scope: a session's, a principal's, a handle's, or a named part of the server's own.
///
/// What one call sets, the next call of the scope reads on any node. In a task a store that does not answer costs time:
/// what is safe to repeat is repeated while the run lasts (contract T6); a plain call is told at once.
#[derive(Clone)]
pub struct State {
    values: Arc<dyn Values>,
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
    pub(super) fn new(values: Arc<dyn Values>, scope: Scope, rule: CommitRule, touch: Option<Touch>) -> Self {
        Self { values, scope, rule, touch }
    }

    /// The value of `key`, or `None` if it is absent.
    ///
    /// # Errors
    /// The store failed, or the stored value is not a `T`. A failure is never reported as absent (contract C3).
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ContextError> {
        let loaded = self.values.load(&self.scope, &[&stored(key)], self.touch).await?;
        loaded.entries.into_iter().next().flatten().as_ref().map(read).transpose()
    }

    /// Stores `value` under `key`.
    ///
    /// # Errors
    /// The store failed, the value does not serialize, is too large or nested too deeply, or the scope is gone: the old
    /// value is kept.
    pub async fn set<T: Serialize + Sync + ?Sized>(&self, key: &str, value: &T) -> Result<(), ContextError> {
        let value = write(value)?;
        // A write does not prolong a scope, so one whose life its uses slide is touched first.
        if self.touch.is_some() {
            self.values.load(&self.scope, &[], self.touch).await?;
        }
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
    /// As [`State::set`], or other writers won until the call's time was over.
    pub async fn update<T, U>(&self, key: &str, mut f: impl FnMut(Option<T>) -> U + Send) -> Result<U, ContextError>
    where
        T: DeserializeOwned,
        U: Serialize + Send,
    {
        let mut result = None;
        let mut change = |entry: Option<&Entry>| -> Result<Bytes, ContextError> {
            let new = f(entry.map(read).transpose()?);
            let bytes = write(&new)?;
            result = Some(new);
            Ok(bytes)
        };
        let at = ValueRef { scope: &self.scope, key: &stored(key), rule: self.rule, touch: self.touch };
        self.values.update(at, &mut change).await?;
        result.ok_or(ContextError::Contention)
    }

    async fn commit(&self, op: Op) -> Result<(), ContextError> {
        match self.values.commit(CommitRequest::new(self.scope.clone(), self.rule, vec![op])).await? {
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
    json::value_to_vec(value).map(Bytes::from).map_err(ContextError::NotSerializable)
}
