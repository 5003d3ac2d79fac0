use std::collections::BTreeSet;
use std::fmt;

use super::results::{Counts, Outcome, Results};

/// What the suite is expected to find: a line per scenario with its name, the numbers of checks passed, failed, warned
/// and skipped, and, if it is not clean, what is still to come.
#[derive(Debug)]
pub(super) struct Expected {
    rows: Vec<Row>,
    /// Whether rows were left out.
    filtered: bool,
}

#[derive(Debug)]
struct Row {
    scenario: String,
    counts: Counts,
    to_come: Option<String>,
}

/// A scenario that is not as listed.
#[derive(Debug)]
pub(super) enum Difference {
    Unlisted(String, Counts),
    NotRun(String),
    Stale(String, Counts),
    Unexplained(String),
    Other { scenario: String, listed: Counts, found: Counts, complaints: Vec<String> },
}

impl Expected {
    /// The rows of a list whose names contain `filter`. Lines that are no rows count as rows nobody can satisfy.
    pub(super) fn parse(list: &str, filter: Option<&str>) -> Self {
        let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rows = lines.map(Row::parse).filter(|row| filter.is_none_or(|filter| row.scenario.contains(filter)));
        Self { rows: rows.collect(), filtered: filter.is_some() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The scenarios.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| row.scenario.as_str())
    }

    /// How many are expected to pass, and what the others wait for.
    pub(super) fn summary(&self) -> String {
        let to_come: Vec<_> = self.rows.iter().filter_map(|row| row.to_come.as_deref()).collect();
        let clean = self.rows.len() - to_come.len();
        let reasons: BTreeSet<_> = to_come.iter().copied().collect();
        let reasons: Vec<_> = reasons.into_iter().collect();
        match to_come.len() {
            0 => format!("expected: {clean} scenarios pass"),
            others => format!("expected: {clean} scenarios pass, {others} wait for {}", reasons.join(", ")),
        }
    }

    /// Where the results are not as listed.
    pub(super) fn differences(&self, results: &Results) -> Vec<Difference> {
        let listed: BTreeSet<_> = self.names().collect();
        let unlisted = results.iter().filter(|(scenario, _)| !self.filtered && !listed.contains(scenario.as_str()));
        let unlisted = unlisted.map(|(scenario, outcome)| Difference::Unlisted(scenario.clone(), outcome.counts));
        self.rows.iter().filter_map(|row| row.difference(results.get(&row.scenario))).chain(unlisted).collect()
    }
}

impl Row {
    fn parse(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let scenario = words.next().unwrap_or_default().to_owned();
        let mut count = || words.next().and_then(|word| word.parse().ok()).unwrap_or(u32::MAX);
        let counts = Counts { passed: count(), failed: count(), warned: count(), skipped: count() };
        let reason = words.collect::<Vec<_>>().join(" ");
        Self { scenario, counts, to_come: (!reason.is_empty()).then_some(reason) }
    }

    fn difference(&self, found: Option<&Outcome>) -> Option<Difference> {
        let scenario = self.scenario.clone();
        let Some(Outcome { counts, complaints }) = found else { return Some(Difference::NotRun(scenario)) };
        match &self.to_come {
            Some(_) if counts.is_clean() => Some(Difference::Stale(scenario, *counts)),
            None if !self.counts.is_clean() => Some(Difference::Unexplained(scenario)),
            _ if *counts == self.counts => None,
            _ => {
                let complaints = complaints.clone();
                Some(Difference::Other { scenario, listed: self.counts, found: *counts, complaints })
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlisted(scenario, found) => write!(f, "not listed: {scenario} {found}"),
            Self::NotRun(scenario) => write!(f, "did not run: {scenario}"),
            Self::Stale(scenario, found) => write!(f, "passes now, so it is no longer to come: {scenario} {found}"),
            Self::Unexplained(scenario) => write!(f, "listed as failing without saying what is to come: {scenario}"),
            Self::Other { scenario, listed, found, complaints } => {
                write!(f, "{scenario}: listed {listed}, found {found}")?;
                complaints.iter().try_for_each(|complaint| write!(f, "\n    {complaint}"))
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.passed, self.failed, self.warned, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# scenario passed failed warned skipped to-come\nping 2 0 0 0\nprompts-list 1 1 0 0 prompts\n";

    fn found(counts: &[(&str, [u32; 4])]) -> Results {
        let outcome = |[passed, failed, warned, skipped]: [u32; 4]| Outcome {
            counts: Counts { passed, failed, warned, skipped },
            complaints: Vec::new(),
        };
        counts.iter().map(|(scenario, counts)| ((*scenario).to_owned(), outcome(*counts))).collect()
    }

    fn differences(filter: Option<&str>, results: &[(&str, [u32; 4])]) -> Vec<String> {
        Expected::parse(LIST, filter).differences(&found(results)).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn what_is_as_listed_is_fine() {
        let results = [("ping", [2, 0, 0, 0]), ("prompts-list", [1, 1, 0, 0])];
        assert_eq!(differences(None, &results), Vec::<String>::new());
        assert_eq!(differences(Some("ping"), &results[..1]), Vec::<String>::new());
    }

    #[test]
    fn every_other_count_is_a_difference() {
        for counts in [[1, 1, 0, 0], [3, 0, 0, 0], [2, 0, 1, 0], [2, 0, 0, 1], [1, 0, 0, 0]] {
            let results = [("ping", counts), ("prompts-list", [1, 1, 0, 0])];
            assert_eq!(differences(None, &results).len(), 1, "{counts:?}");
        }
    }

    #[test]
    fn a_scenario_that_passes_before_the_list_says_so_is_a_difference() {
        let results = [("ping", [2, 0, 0, 0]), ("prompts-list", [2, 0, 0, 0])];
        assert_eq!(differences(None, &results), ["passes now, so it is no longer to come: prompts-list 2 0 0 0"]);
    }

    #[test]
    fn what_did_not_run_and_what_is_not_listed_is_a_difference() {
        let results = [("ping", [2, 0, 0, 0]), ("new", [1, 0, 0, 0])];
        assert_eq!(differences(None, &results), ["did not run: prompts-list", "not listed: new 1 0 0 0"]);
    }

    #[test]
    fn a_failure_in_the_list_needs_a_reason() {
        let expected = Expected::parse("ping 1 1 0 0", None);
        assert_eq!(expected.differences(&found(&[("ping", [1, 1, 0, 0])])).len(), 1);
    }
}
