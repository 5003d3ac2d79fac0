use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastestmcp_core::error::{Outcome, StoreResult};
use parking_lot::Mutex;

use super::{Report, Terms};

/// What a busy machine may add to a deadline.
const SLACK: Duration = Duration::from_secs(1);
/// The pause after an error, as anyone would make it.
const PAUSE: Duration = Duration::from_millis(20);
/// More of them say nothing new.
const MAX_VIOLATIONS: usize = 20;

/// What all callers of a storm share.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) terms: Terms,
    over: AtomicBool,
    report: Mutex<Report>,
    /// The name of each caller, and when the last of its calls that succeeded had begun.
    successes: Mutex<Vec<(String, Option<Instant>)>>,
}

impl Findings {
    pub(super) fn new(terms: Terms) -> Self {
        Self { terms, over: AtomicBool::new(false), report: Mutex::default(), successes: Mutex::default() }
    }

    pub(super) fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn violation(&self, text: String) {
        let mut report = self.report.lock();
        if report.violations.len() < MAX_VIOLATIONS {
            report.violations.push(text);
        }
    }

    pub(super) fn has_violations(&self) -> bool {
        !self.report.lock().violations.is_empty()
    }

    pub(super) fn report(&self) -> Report {
        self.report.lock().clone()
    }

    pub(super) fn without_success_since(&self, start: Instant) -> Vec<String> {
        let successes = self.successes.lock();
        let without = successes.iter().filter(|(_, begun)| begun.is_none_or(|begun| begun < start));
        without.map(|(name, _)| name.clone()).collect()
    }

    /// One call, measured and judged.
    pub(super) async fn call<T>(
        &self,
        name: &str,
        call: impl Future<Output = StoreResult<T>>,
    ) -> Option<StoreResult<T>> {
        let begun = Instant::now();
        let Ok(result) = tokio::time::timeout(self.terms.deadline + SLACK, call).await else {
            self.violation(format!("{name}: a call went on {SLACK:?} after its deadline"));
            return None;
        };
        self.count(begun.elapsed(), result.as_ref().err().map(|error| error.outcome));
        if let Err(error) = &result {
            if !error.is_retryable() {
                self.violation(format!("{name}: {error}"));
            }
            tokio::time::sleep(PAUSE).await;
        }
        // A store in memory never waits, but others have to run too.
        tokio::task::yield_now().await;
        Some(result)
    }

    fn count(&self, took: Duration, failed: Option<Outcome>) {
        let mut report = self.report.lock();
        report.longest = report.longest.max(took);
        match failed {
            None => report.answered += 1,
            Some(Outcome::NotApplied) => report.not_applied += 1,
            Some(Outcome::Unknown) => report.unknown += 1,
        }
    }

    /// Repeats what is safe to repeat until it is answered; gives up, with a violation, when the servers must be up.
    pub(super) async fn insist<T, F>(&self, name: &str, call: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = StoreResult<T>>,
    {
        let begun = Instant::now();
        loop {
            match self.call(name, call()).await {
                Some(Ok(value)) => return Some(value),
                _ if begun.elapsed() > self.terms.deadline * 4 => {
                    self.violation(format!("{name} is not answered"));
                    return None;
                }
                _ => {}
            }
        }
    }
}

/// One of them.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) findings: Arc<Findings>,
    pub(super) name: String,
    index: usize,
}

impl Caller {
    pub(super) fn new(findings: &Arc<Findings>, seam: &str) -> Self {
        let mut successes = findings.successes.lock();
        let index = successes.len();
        let name = format!("{seam}-{index}");
        successes.push((name.clone(), None));
        Self { findings: findings.clone(), name, index }
    }

    pub(super) fn goes_on(&self) -> bool {
        !self.findings.over.load(Ordering::Relaxed)
    }

    pub(super) fn keeps(&self) -> bool {
        self.findings.terms.keeps
    }

    pub(super) fn violation(&self, text: impl std::fmt::Display) {
        self.findings.violation(format!("{}: {text}", self.name));
    }

    /// One call of the load; `None` if it hung.
    pub(super) async fn call<T>(&self, call: impl Future<Output = StoreResult<T>>) -> Option<StoreResult<T>> {
        let begun = Instant::now();
        let result = self.findings.call(&self.name, call).await;
        if let Some(Ok(_)) = &result {
            self.findings.successes.lock()[self.index].1 = Some(begun);
        }
        result
    }

    /// A name that no storm has used.
    pub(super) fn unique(&self) -> String {
        match fastestmcp_core::ids::random_token() {
            Ok(token) => format!("{}-{token}", self.name),
            Err(error) => {
                self.violation(error);
                self.name.clone()
            }
        }
    }
}
