use std::time::Duration;

use crate::case::Case;
use crate::rules;

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The promise held.
    Passed,
    /// What was seen that must not happen.
    Failed(Vec<String>),
    /// It failed, and the baseline says so.
    KnownFailure(Vec<String>),
    /// It could not be tried, and why.
    Skipped(String),
    /// The harness broke; nothing is known about the backend.
    HarnessError(String),
}

impl Verdict {
    /// One word for reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::KnownFailure(_) => "known failure",
            Self::Skipped(_) => "skipped",
            Self::HarnessError(_) => "harness error",
        }
    }
}

/// One case with its verdict.
#[derive(Clone, Debug)]
pub struct Record {
    /// The case.
    pub case: &'static Case,
    /// The verdict.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
    /// The seed it ran with.
    pub seed: u64,
    /// The last operations before the end, oldest first; kept for failures.
    pub history: Vec<String>,
}

impl Record {
    /// A failure in full: rule, seed, violations, history.
    pub fn explain(&self) -> String {
        let (Verdict::Failed(found) | Verdict::KnownFailure(found)) = &self.verdict else {
            return self.verdict.name().to_owned();
        };
        let mut text = format!("{}: {}\nseed {}\n", self.case.rule, rules::text(self.case.rule), self.seed);
        for violation in found {
            text.push_str(&format!("  * {violation}\n"));
        }
        if !self.history.is_empty() {
            text.push_str("last operations:\n");
        }
        for line in &self.history {
            text.push_str(&format!("    {line}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases;

    #[test]
    fn the_rule_of_every_case_has_a_text() {
        let silent: Vec<_> = cases::all().filter(|case| rules::text(case.rule).is_empty()).collect();
        assert!(silent.is_empty(), "{silent:?}");
    }
}
