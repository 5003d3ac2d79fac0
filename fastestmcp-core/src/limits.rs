//! Sizes checked before anything is written (contract G7, G12), the same way for every backend.

use std::time::Duration;

use crate::error::{StoreError, StoreErrorKind};
use crate::ids::MAX_ID_BYTES;
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
    /// Bytes of all values of one commit or append, and of one answer: a `load`, a `get` or the takes of a commit that
    /// would bring more are refused ([`Limits::check_answer`]); a page, a claim or a read of events brings fewer records,
    /// though at least one.
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

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self { kind: StoreErrorKind::InvalidInput, detail: detail.into() }
    }

    /// `TooLarge` or `InvalidInput`.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
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

    /// Checks how many bytes of values an answer has, before all of it is read or anything is written.
    ///
    /// # Errors
    /// It is above `max_batch_bytes`: ask for less at once.
    pub fn check_answer(&self, bytes: usize) -> Result<(), Refused> {
        self.check_batch_bytes("an answer", bytes)
    }

    pub(crate) fn check_batch_bytes(&self, what: &str, bytes: usize) -> Result<(), Refused> {
        if bytes > self.max_batch_bytes {
            return Err(Refused::too_large(what, bytes, "max_batch_bytes", self.max_batch_bytes));
        }
        Ok(())
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

pub(crate) fn check_delay(what: &str, delay: Duration) -> Result<(), Refused> {
    if millis(delay) > millis(MAX_DURATION) {
        return Err(Refused::invalid(format!("{what} of {delay:?} exceeds 100 years")));
    }
    Ok(())
}

/// Checks a line of text that people read: a name, a title.
///
/// # Errors
/// It is empty, longer than `most` bytes, or has control characters.
pub fn check_line(what: &str, text: &str, most: usize) -> Result<(), Refused> {
    if text.is_empty() {
        return Err(Refused::invalid(format!("{what} is empty")));
    }
    if text.chars().any(char::is_control) {
        return Err(Refused::invalid(format!("{what} has control characters")));
    }
    check_text(what, text, most)
}

/// Checks text of several lines that people or models read.
///
/// # Errors
/// It is longer than `most` bytes, or has control characters other than line breaks and tabs.
pub fn check_text(what: &str, text: &str, most: usize) -> Result<(), Refused> {
    if text.len() > most {
        return Err(Refused::invalid(format!("{what} has {} bytes, and at most {most} are allowed", text.len())));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Refused::invalid(format!("{what} has control characters")));
    }
    Ok(())
}
