//! Every rule of what is derived from the seams has a case.

use std::collections::BTreeSet;

use fastestmcp_conformance::{Seam, cases};

const DERIVED: &[&str] = &[
    "A3", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "R1", "R2", "R3", "R4", "R8", "R9", "T6", "T7", "T8", "T9",
    "T11", "T12", "T13", "T14", "T15",
];

/// Rules that no case of this suite can be about, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("C9", "plain calls take no idempotency keys yet"),
    ("T16", "tools for clients without tasks are not built yet"),
    ("R5", "of the transport, and tested on its wire"),
    ("R6", "of the source"),
    ("R7", "its cases are those of the stores, draining and the processes"),
];

#[test]
fn every_derived_rule_has_a_case_of_the_runtime() {
    let tried: BTreeSet<_> = cases().filter(|case| case.seam == Seam::Runtime).map(|case| case.rule).collect();
    let without: Vec<_> = DERIVED.iter().filter(|rule| !tried.contains(*rule)).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn what_has_no_case_is_said_to_have_none() {
    for (rule, why) in ELSEWHERE {
        assert!(!DERIVED.contains(rule) && !why.is_empty(), "{rule}");
        assert!(cases().all(|case| case.seam != Seam::Runtime || case.rule != *rule), "{rule} has a case now");
    }
}
