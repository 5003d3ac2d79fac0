use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::error::ContextError;
use super::key_queue::KeyQueue;
use crate::error::{Outcome, StoreError, StoreResult};
use crate::json;
use crate::session::{
    CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Op, Scope, SessionStateStore, SessionStateStoreExt, Touch,
    Update, UpdateError,
};
use crate::time::backoff;

/// The longest pause before a task asks a store again that did not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Stored values of one scope: a session's, a principal's, a handle's, or a named part of the server's own.
///
/// What one call sets, the next call of the scope reads on any node. In a task a store that does not answer costs time:
/// what is safe to repeat is repeated while the run lasts (contract T6); a plain call is told at once.
#[derive(Clone)]
pub struct State {
    access: Access,
    scope: Scope,
    rule: CommitRule,
    touch: Option<Touch>,
}

/// How a call reaches the stored values.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) store: Arc<dyn SessionStateStore>,
    /// Where writers of one key on this node queue.
    pub(crate) queue: Arc<KeyQueue>,
    /// How long the call may take: the longest an update is tried.
    pub(crate) patience: Duration,
    /// Whether a store that does not answer is waited for.
    pub(crate) waits_for_store: bool,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl State {
    pub(crate) const fn new(access: Access, scope: Scope, rule: CommitRule, touch: Option<Touch>) -> Self {
        Self { access, scope, rule, touch }
    }

    /// The value of `key`, or `None` if it is absent.
    ///
    /// # Errors
    /// The store failed, or the stored value is not a `T`. A failure is never reported as absent (contract C3).
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ContextError> {
        let key = stored(key);
        let keys = [&*key];
        let loaded = self.access.repeated(|| self.access.store.load(&self.scope, &keys, self.touch)).await?.value;
        loaded.entries.into_iter().next().flatten().as_ref().map(read).transpose()
    }

    /// Stores `value` under `key`.
    ///
    /// # Errors
    /// The store failed, the value does not serialize, is too large or nested too deeply, or the scope is gone: the old
    /// value is kept.
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
        let key = stored(key);
        let deadline = Instant::now() + self.access.patience;
        let turn = timeout_at(deadline, self.access.queue.wait(&self.scope, &key)).await;
        let _turn = turn.map_err(|_| ContextError::Contention)?;
        let mut attempt = 0;
        let updated = loop {
            let update = Update { scope: &self.scope, rule: self.rule, key: &key, touch: self.touch, deadline };
            match self.access.store.update(update, &mut change).await {
                // What was perhaps written must not be changed a second time.
                Err(UpdateError::Store(error)) if error.outcome == Outcome::NotApplied && self.access.again(&error) => {
                    attempt += 1;
                    pause(attempt).await;
                }
                other => break other,
            }
        };
        match updated {
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
            self.access.repeated(|| self.access.store.load(&self.scope, &[], self.touch)).await?;
        }
        Ok(())
    }

    /// One operation that may be applied twice: the later of two equal writes is as good as the first.
    async fn commit(&self, op: Op) -> Result<(), ContextError> {
        let request = CommitRequest::new(self.scope.clone(), self.rule, vec![op]);
        match self.access.repeated(|| self.access.store.commit(request.clone())).await?.value {
            CommitOutcome::Committed(_) => Ok(()),
            _ => Err(ContextError::SessionGone),
        }
    }
}

impl Access {
    /// Repeats what may be applied twice, in a task, until the store answers. The driver of the task ends it in time.
    async fn repeated<T, F: Future<Output = StoreResult<T>>>(&self, call: impl Fn() -> F) -> StoreResult<T> {
        let mut attempt = 0;
        loop {
            match call().await {
                Err(error) if self.again(&error) => {
                    attempt += 1;
                    pause(attempt).await;
                }
                other => return other,
            }
        }
    }

    fn again(&self, error: &StoreError) -> bool {
        self.waits_for_store && error.is_of_a_store_that_does_not_answer()
    }
}

async fn pause(attempt: u32) {
    tokio::time::sleep(backoff(Duration::from_millis(20), attempt, LONGEST_PAUSE)).await;
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
