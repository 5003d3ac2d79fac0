//! Sizes checked before anything is written (contract G7, G12), the same way for every backend.

use std::time::Duration;

use crate::error::{StoreError, StoreErrorKind};
use crate::event::Keep;
use crate::ids::MAX_ID_BYTES;
use crate::session::{CommitRequest, CommitRule, Lifetime, Op, Scope};
use crate::task::{ClaimRequest, NewTask, ReplaceRequest, Then};
use crate::time::millis;

/// The longest duration that stores keep exactly: 100 years (contract G1).
pub const MAX_DURATION: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Declared sizes. Everything above one is refused with `TooLarge`, naming it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one id, key, topic or queue name.
    pub max_key_bytes: usize,
    /// Bytes of one value, task spec, task state or event.
    pub max_value_bytes: usize,
    /// Operations of one commit, keys of one load, ids of one get, events of one append.
    pub max_batch: usize,
    /// Bytes of all values of one commit or append.
    pub max_batch_bytes: usize,
}

impl Default for Limits {
    /// 512 B keys, 4 MiB values, batches of 1,000 and 16 MiB.
    fn default() -> Self {
        Self { max_key_bytes: MAX_ID_BYTES, max_value_bytes: 4 << 20, max_batch: 1_000, max_batch_bytes: 16 << 20 }
    }
}

/// A refused request: `TooLarge` or `InvalidInput`, with the words for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Refused {
    kind: StoreErrorKind,
    detail: String,
}

impl Refused {
    fn too_large(what: &str, size: usize, limit_name: &str, limit: usize) -> Self {
        Self { kind: StoreErrorKind::TooLarge, detail: format!("{what} of {size} exceeds {limit_name} = {limit}") }
    }

    fn invalid(detail: impl Into<String>) -> Self {
        Self { kind: StoreErrorKind::InvalidInput, detail: detail.into() }
    }

    /// The error a backend answers with. Nothing was applied.
    pub fn into_error(self, backend: &'static str, operation: &'static str) -> StoreError {
        StoreError::new(self.kind, backend, operation, self.detail)
    }
}

impl Limits {
    /// Checks an id, key, topic, queue or owner.
    ///
    /// # Errors
    /// It is longer than `max_key_bytes`.
    pub fn check_key(&self, what: &str, key: &str) -> Result<(), Refused> {
        if key.len() > self.max_key_bytes {
            return Err(Refused::too_large(what, key.len(), "max_key_bytes", self.max_key_bytes));
        }
        Ok(())
    }

    /// Checks a value, spec, state or event.
    ///
    /// # Errors
    /// It is longer than `max_value_bytes`.
    pub fn check_value(&self, what: &str, bytes: usize) -> Result<(), Refused> {
        if bytes > self.max_value_bytes {
            return Err(Refused::too_large(what, bytes, "max_value_bytes", self.max_value_bytes));
        }
        Ok(())
    }

    /// Checks a number of things in one call.
    ///
    /// # Errors
    /// It is above `max_batch`.
    pub fn check_batch(&self, what: &str, count: usize) -> Result<(), Refused> {
        if count > self.max_batch {
            return Err(Refused::too_large(what, count, "max_batch", self.max_batch));
        }
        Ok(())
    }

    fn check_batch_bytes(&self, what: &str, bytes: usize) -> Result<(), Refused> {
        if bytes > self.max_batch_bytes {
            return Err(Refused::too_large(what, bytes, "max_batch_bytes", self.max_batch_bytes));
        }
        Ok(())
    }

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

    /// Checks an `insert`.
    ///
    /// # Errors
    /// Something is too large, the priority is above 9, or the ttl is not within 1 ms to 100 years.
    pub fn check_insert(&self, task: &NewTask) -> Result<(), Refused> {
        self.check_key("task id", task.id.as_str())?;
        self.check_key("owner", task.owner.as_str())?;
        self.check_key("queue", &task.queue)?;
        self.check_key("session", task.session.as_deref().unwrap_or_default())?;
        self.check_key("idempotency key", task.idempotency.as_ref().map_or("", |idempotency| &idempotency.key))?;
        self.check_value("spec", task.spec.len())?;
        self.check_value("state", task.state.len())?;
        if task.priority > 9 {
            return Err(Refused::invalid(format!("priority {} is above 9", task.priority)));
        }
        check_delay("delay", task.delay)?;
        task.ttl.map_or(Ok(()), |ttl| check_span("ttl", ttl))
    }

    /// Checks a `replace`.
    ///
    /// # Errors
    /// The state is too large or a duration above 100 years.
    pub fn check_replace(&self, request: &ReplaceRequest) -> Result<(), Refused> {
        self.check_key("task id", request.id.as_str())?;
        self.check_value("state", request.state.len())?;
        match request.then {
            Then::KeepLease => Ok(()),
            Then::Runnable { delay } => check_delay("delay", delay),
            Then::Waiting { at_most } => at_most.map_or(Ok(()), |at_most| check_delay("at_most", at_most)),
            Then::Terminal { retain } => check_delay("retain", retain),
        }
    }

    /// Checks a `claim`.
    ///
    /// # Errors
    /// The lease is not within 1 ms to 100 years, or a name or their number is too large.
    pub fn check_claim(&self, request: &ClaimRequest) -> Result<(), Refused> {
        self.check_key("worker", &request.worker)?;
        self.check_batch("queues", request.queues.len())?;
        self.check_batch("limit", request.limit)?;
        request.queues.iter().try_for_each(|queue| self.check_key("queue", queue))?;
        check_span("lease", request.lease)
    }

    /// Checks an `append`.
    ///
    /// # Errors
    /// Something is too large, or the age to keep is above 100 years.
    pub fn check_append(&self, topic: &str, events: &[bytes::Bytes], keep: &Keep) -> Result<(), Refused> {
        self.check_key("topic", topic)?;
        self.check_batch("events", events.len())?;
        events.iter().try_for_each(|event| self.check_value("event", event.len()))?;
        self.check_batch_bytes("events", events.iter().map(bytes::Bytes::len).sum())?;
        check_delay("age", keep.age)
    }
}

/// Checks a lifetime that must be positive.
///
/// # Errors
/// Zero, or above 100 years.
pub fn check_span(what: &str, span: Duration) -> Result<(), Refused> {
    if span.is_zero() {
        return Err(Refused::invalid(format!("{what} of zero")));
    }
    check_delay(what, span)
}

fn check_delay(what: &str, delay: Duration) -> Result<(), Refused> {
    if millis(delay) > millis(MAX_DURATION) {
        return Err(Refused::invalid(format!("{what} of {delay:?} exceeds 100 years")));
    }
    Ok(())
}

fn check_lifetime(lifetime: &Lifetime) -> Result<(), Refused> {
    check_span("ttl", lifetime.ttl)?;
    lifetime.max_life.map_or(Ok(()), |max_life| check_span("max_life", max_life))
}
