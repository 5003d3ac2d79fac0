use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::visibility;
use crate::context::{Change, ContextError, RulesChange, ValueRef, Values};
use crate::error::{Outcome, StoreError, StoreResult};
use crate::runtime::node::Node;
use crate::session::{
    CommitOutcome, CommitRequest, Entry, Loaded, Scope, SessionStateStoreExt, Touch, Update, UpdateError,
};
use crate::time::backoff;

/// The longest pause before a task asks a store again that did not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How one call or run reaches stored values.
pub(crate) struct StoredValues {
    pub(crate) node: Arc<Node>,
    /// How long the call may take: the longest an update is tried.
    pub(crate) patience: Duration,
    /// Whether a store that does not answer is waited for, as a task does (contract T6). The driver of the task ends it.
    pub(crate) waits_for_store: bool,
}

#[async_trait]
impl Values for StoredValues {
    fn principal_ttl(&self) -> Duration {
        self.node.config.principal_ttl
    }

    fn anonymous_handle_max(&self) -> Duration {
        self.node.config.anonymous_handle_max
    }

    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> Result<Loaded, ContextError> {
        Ok(self.repeated(|| self.node.stores.sessions.load(scope, keys, touch)).await?.value)
    }

    async fn commit(&self, request: CommitRequest) -> Result<CommitOutcome, ContextError> {
        Ok(self.repeated(|| self.node.stores.sessions.commit(request.clone())).await?.value)
    }

    async fn update(&self, at: ValueRef<'_>, change: &mut Change<'_>) -> Result<(), ContextError> {
        let ValueRef { scope, key, rule, touch } = at;
        let deadline = Instant::now() + self.patience;
        let turn = timeout_at(deadline, self.node.key_queue.wait(scope, key)).await;
        let _turn = turn.map_err(|_| ContextError::Contention)?;
        let mut attempt = 0;
        loop {
            let update = Update { scope, rule, key, touch, deadline };
            let f = |entry: Option<&Entry>| -> Result<Bytes, ContextError> { change(entry) };
            match self.node.stores.sessions.update(update, f).await {
                Ok(_) => return Ok(()),
                // What was perhaps written must not be changed a second time.
                Err(UpdateError::Store(error)) if error.outcome == Outcome::NotApplied && self.again(&error) => {
                    attempt += 1;
                    pause(attempt).await;
                }
                Err(UpdateError::Refused(error)) => return Err(error),
                Err(UpdateError::Store(error)) => return Err(error.into()),
                Err(UpdateError::ScopeGone) => return Err(ContextError::SessionGone),
                Err(UpdateError::Contention) => return Err(ContextError::Contention),
            }
        }
    }

    async fn update_rules(&self, at: ValueRef<'_>, change: &mut RulesChange<'_>) -> Result<(), ContextError> {
        visibility::update(self, at, change).await
    }
}

impl StoredValues {
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
