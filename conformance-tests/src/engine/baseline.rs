use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::verdict::{Record, Verdict};
use crate::cases;

/// Failures that are known. It can only shrink: an entry that passes, or names no case, fails the run.
#[derive(Debug, Default)]
pub(crate) struct Baseline(BTreeSet<String>);

impl Baseline {
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = fs::read_to_string(path).map_err(|error| format!("baseline {}: {error}", path.display()))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        let ids: BTreeSet<String> = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
        match ids.iter().find(|id| cases::all().all(|case| case.id != **id)) {
            Some(unknown) => Err(format!("the baseline names {unknown}, which is no case")),
            None => Ok(Self(ids)),
        }
    }

    /// The verdict in the light of what is known.
    pub(crate) fn judge(&self, mut record: Record) -> Record {
        if self.0.contains(record.case.id) {
            record.verdict = match record.verdict {
                Verdict::Failed(found) => Verdict::KnownFailure(found),
                Verdict::Passed => Verdict::Failed(vec!["it passes: remove it from the baseline".to_owned()]),
                other => other,
            };
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn record(verdict: Verdict) -> Record {
        let case = cases::all().next().unwrap();
        Record { case, verdict, took: Duration::ZERO, seed: 0, history: Vec::new() }
    }

    #[test]
    fn a_known_failure_is_forgiven_and_a_stale_entry_is_not() {
        let id = cases::all().next().unwrap().id;
        let baseline = Baseline::parse(&format!("# known\n{id} # why\n")).unwrap();
        let found = vec!["x".to_owned()];
        assert_eq!(baseline.judge(record(Verdict::Failed(found.clone()))).verdict, Verdict::KnownFailure(found));
        assert!(matches!(baseline.judge(record(Verdict::Passed)).verdict, Verdict::Failed(_)));
        assert_eq!(Baseline::default().judge(record(Verdict::Passed)).verdict, Verdict::Passed);
    }

    #[test]
    fn an_entry_that_names_no_case_is_refused() {
        assert!(Baseline::parse("task.nothing.of_the_kind").is_err());
    }
}
