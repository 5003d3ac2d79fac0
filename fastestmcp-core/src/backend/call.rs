use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use super::damage;
use super::ticket::Ticket;
use crate::error::{StoreError, StoreErrorKind, StoreResult};
use crate::ids::ShortId;

/// Which operation of which backend, as errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The backend, for instance `redis`.
    pub backend: &'static str,
    /// The operation, for instance `commit`.
    pub operation: &'static str,
}

impl Site {
    /// An error here that is known to have changed nothing.
    pub fn error(self, kind: StoreErrorKind, detail: impl Into<String>) -> StoreError {
        StoreError::new(kind, self.backend, self.operation, detail)
    }

    /// Tells the operator of a stored record that cannot be read and was stepped over, so that its neighbours lose
    /// nothing by it (contract G16): when it is first met, and hourly while it is, with how often it was (`times`) and
    /// how many such records this process has met (`records`). Never a value or a secret: `record` is an id.
    pub fn stepped_over(self, what: &str, record: &str) {
        let Some(count) = damage::meet((self.backend, what, record)) else { return };
        let record = tracing::field::display(ShortId::of(record));
        tracing::error!(
            backend = self.backend,
            operation = self.operation,
            what,
            record,
            times = count.times,
            records = count.records,
            "a damaged record was stepped over"
        );
    }

    pub(super) fn late(self) -> StoreError {
        self.error(StoreErrorKind::Timeout, "the deadline passed")
    }

    pub(super) fn broken(self) -> StoreError {
        self.error(StoreErrorKind::Unexpected, "the operation ended without an answer")
    }
}

/// Carries out an operation in a task that the backend owns; the caller only waits (contract G5, G6).
///
/// - A caller that goes away leaves the operation running to its own end.
/// - `work` starts its ticket right before it sends what can change something, and stops if it may not. At the deadline
///   an operation that has not started is ended and `NotApplied`; one that has is `Unknown`, and has as long again to
///   tidy up after itself. A read never starts its ticket.
///
/// # Errors
/// What `work` answered; `Timeout` at the deadline; `Unexpected` if it panicked.
pub async fn carry_out<T, F>(site: Site, deadline: Duration, work: impl FnOnce(Ticket) -> F) -> StoreResult<T>
where
    T: Send + 'static,
    F: Future<Output = StoreResult<T>> + Send + 'static,
{
    let ticket = Ticket::new();
    let mut running = tokio::spawn(timeout(deadline.saturating_mul(2), work(ticket.clone())));
    let late = || if ticket.withdraw() { site.late() } else { site.late().unknown() };
    match timeout(deadline, &mut running).await {
        Ok(Ok(Ok(answer))) => answer,
        Ok(Ok(Err(_))) => Err(late()),
        Ok(Err(_)) => Err(if ticket.withdraw() { site.broken() } else { site.broken().unknown() }),
        Err(_) => {
            let error = late();
            if ticket.is_withdrawn() {
                running.abort();
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use super::*;
    use crate::error::Outcome;

    const SITE: Site = Site { backend: "test", operation: "write" };
    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn at_the_deadline_what_was_not_started_is_ended_and_not_applied() {
        let alive = Arc::new(());
        let held = alive.clone();
        let error = carry_out(SITE, SECOND, |_| async move {
            std::future::pending::<()>().await;
            drop(held);
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!((error.kind, error.outcome), (StoreErrorKind::Timeout, Outcome::NotApplied));
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&alive), 1, "the work is ended");
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_deadline_what_was_started_is_unknown_and_goes_on() {
        let (done, seen) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let told = seen.clone();
        let wait = done.clone();
        let error = carry_out(SITE, SECOND, |ticket| async move {
            assert!(ticket.start());
            wait.notified().await;
            told.notify_one();
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!((error.kind, error.outcome), (StoreErrorKind::Timeout, Outcome::Unknown));
        done.notify_one();
        seen.notified().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_does_not_stop_the_work() {
        let seen = Arc::new(Notify::new());
        let told = seen.clone();
        let call = carry_out(SITE, SECOND, |_| async move {
            tokio::time::sleep(SECOND / 2).await;
            told.notify_one();
            Ok(())
        });
        drop(timeout(SECOND / 10, call).await);
        seen.notified().await;
    }

    #[tokio::test]
    async fn a_panic_is_a_typed_error() {
        let started = carry_out(SITE, SECOND, |ticket| async move {
            if ticket.start() {
                panic!("on purpose");
            }
            Ok(())
        });
        let error = started.await.unwrap_err();
        assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unexpected, Outcome::Unknown));
    }
}
