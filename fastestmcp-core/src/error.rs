//! The one error of all stores (contract G4).

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// What a store operation returns.
pub type StoreResult<T> = Result<T, StoreError>;

/// What went wrong, by what the caller should do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A request that no state of the store could satisfy: an empty namespace, a lifetime of zero, a key named twice.
    /// Fix the caller.
    InvalidInput,
    /// A page position that this listing did not produce. Start the walk again.
    InvalidCursor,
    /// A value, key, batch or page above a declared limit, which the detail names. Send less.
    TooLarge,
    /// The store cannot be reached. Repeat with backoff.
    Unavailable,
    /// The operation did not end within its deadline. Repeat with backoff if [`StoreError::outcome`] allows it.
    Timeout,
    /// Too many writers at once. Repeat with jitter.
    Contention,
    /// No space left. Free some; nothing was written.
    StorageFull,
    /// Stored data that cannot be read as what it should be. Look at the data; repeating does not help.
    Corrupt,
    /// The store cannot do this, or holds a newer format than this binary understands. Upgrade or choose another store.
    Unsupported,
    /// None of the above. Report it.
    Unexpected,
}

/// Whether a failed write can have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing was changed: safe to repeat as it is.
    NotApplied,
    /// It may or may not have been applied: repeat only with a precondition or an idempotency key.
    Unknown,
}

/// A store operation that did not produce a value. Never carries a secret or a stored value.
///
/// Absent, mismatch, gone, conflict, lost, quota and gap are values, not errors. `Debug` is a sentence too: it is what a
/// `main` prints that returns the error.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoreError {
    /// What went wrong.
    pub kind: StoreErrorKind,
    /// Whether a write can have happened.
    pub outcome: Outcome,
    /// The operation, for instance `commit`.
    pub operation: &'static str,
    /// The backend, for instance `sqlite`.
    pub backend: &'static str,
    /// What a person should read.
    pub detail: String,
    /// The cause, if there was one.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// An error that is known to have changed nothing.
    pub fn new(
        kind: StoreErrorKind,
        backend: &'static str,
        operation: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { kind, outcome: Outcome::NotApplied, operation, backend, detail: detail.into(), source: None }
    }

    /// The same error, after which it is unknown whether the write happened.
    #[must_use]
    pub fn unknown(mut self) -> Self {
        self.outcome = Outcome::Unknown;
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Whether the same call can succeed later without anyone changing it. (After [`Outcome::Unknown`] repeat only
    /// what is safe to apply twice.)
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self.kind,
            StoreErrorKind::Unavailable
                | StoreErrorKind::Timeout
                | StoreErrorKind::Contention
                | StoreErrorKind::StorageFull
        )
    }
}

impl StoreError {
    /// Whether it is no answer about the request, but the lack of one: the store is away, late or full for now. Who can
    /// wait, waits (contract T6).
    pub const fn is_of_a_store_that_does_not_answer(&self) -> bool {
        self.is_retryable() || matches!(self.outcome, Outcome::Unknown)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {:?}", self.backend, self.operation, self.kind)?;
        if self.outcome == Outcome::Unknown {
            f.write_str(" (outcome unknown)")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Sentence(self), f)
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// An error and its causes as one sentence. What an outer text already says is not said again.
#[derive(Clone, Copy)]
pub struct Sentence<'e>(pub &'e (dyn StdError + 'static));

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                said.push_str(": ");
                said.push_str(&text);
            }
            cause = error.source();
        }
        f.write_str(&said)
    }
}

impl fmt::Debug for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once_however_many_errors_repeat_it() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = StoreError::new(StoreErrorKind::Unavailable, "x", "open", format!("no connection: {refused}"))
            .caused_by(refused);
        assert_eq!(format!("{error:?}"), "x open: Unavailable: no connection: connection refused");
        let silent = StoreError::new(StoreErrorKind::Unavailable, "x", "open", "no connection")
            .caused_by(StoreError::new(StoreErrorKind::Timeout, "y", "ask", "too late"));
        assert_eq!(format!("{silent:?}"), "x open: Unavailable: no connection: y ask: Timeout: too late");
    }
}
