use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::error::Outcome;
use fastestmcp_core::session::{
    Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Lifetime, Op, Scope, SessionStateStore, Version,
};

use super::caller::Caller;
use crate::brief::brief;

const KEY: &str = "key";

/// What one writer knows of its key.
struct Known {
    /// What it was last told.
    at: Option<(u64, Version)>,
    /// What may have come after that.
    maybe: Vec<u64>,
    highest: Option<Version>,
}

/// Puts a rising number, each under the version of the one before.
pub(super) async fn run(caller: Caller, store: Arc<dyn SessionStateStore>) {
    let scope = Scope::new(fastestmcp_core::session::ScopeKind::Session, caller.unique());
    let mut known = Known { at: None, maybe: Vec::new(), highest: None };
    let mut number = 0;
    while caller.goes_on() {
        number += 1;
        let expect = known.at.map_or(Expect::Absent, |(_, version)| Expect::Version(version));
        let put = Op::Put { key: KEY.to_owned(), value: number.to_string().into(), expect, ttl: None };
        let life = CommitRule::CreateIfMissing(Lifetime { ttl: Duration::from_secs(3_600), max_life: None });
        match caller.call(store.commit(CommitRequest::new(scope.clone(), life, vec![put]))).await {
            Some(Ok(answer)) => known.learn(&caller, number, answer.value),
            Some(Err(error)) if error.outcome == Outcome::NotApplied => {}
            _ => known.maybe.push(number),
        }
    }
    let Some(loaded) = caller.findings.insist(&caller.name, || store.load(&scope, &[KEY], None)).await else {
        return;
    };
    let found = loaded.value.entries.into_iter().next().flatten();
    known.compare(&caller, found);
}

impl Known {
    fn learn(&mut self, caller: &Caller, number: u64, outcome: CommitOutcome) {
        match outcome {
            CommitOutcome::Committed(applied) => match applied.as_slice() {
                [Applied::Put(version)] => {
                    if self.highest >= Some(*version) {
                        caller.violation(format!("version {version:?} after {:?}", self.highest));
                    }
                    self.highest = Some(*version);
                    self.at = Some((number, *version));
                    self.maybe.clear();
                }
                other => caller.violation(format!("one put was answered with {other:?}")),
            },
            CommitOutcome::Mismatch { current, .. } => self.compare(caller, current),
            other => caller.violation(format!("a commit was answered with {}", brief(&other))),
        }
    }

    /// What is there must be what is known, or one of those of unknown outcome.
    fn compare(&mut self, caller: &Caller, found: Option<Entry>) {
        let found = found.map(|entry| (String::from_utf8_lossy(&entry.value).parse().unwrap_or(0), entry.version));
        let is_known = found == self.at || found.is_some_and(|(number, _)| self.maybe.contains(&number));
        if !is_known && caller.keeps() {
            caller.violation(format!("there is {found:?} instead of {:?} or one of {:?}", self.at, self.maybe));
        }
        self.highest = self.highest.max(found.map(|(_, version)| version));
        self.at = found;
        self.maybe.clear();
    }
}
