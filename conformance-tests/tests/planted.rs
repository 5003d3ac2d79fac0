//! The suite is itself tested: every planted store must be rejected by each case that names it, and its fault must have
//! made a difference.

use fastestmcp_conformance::model::ModelHarness;
use fastestmcp_conformance::planted;
use fastestmcp_conformance::{Options, Seam, Suite, Verdict, cases};

#[test]
fn every_planted_store_is_rejected_by_the_cases_that_name_it() {
    let mut problems = Vec::new();
    for planted in planted::all() {
        let harness = ModelHarness::with(planted.bug);
        let suite = Suite::new(harness.clone(), Options::default());
        for id in planted.rejected_by {
            let case = cases().find(|case| case.id == *id).unwrap_or_else(|| panic!("{id} is no case"));
            let before = harness.fired();
            let record = suite.run(case);
            if !matches!(record.verdict, Verdict::Failed(_)) {
                problems.push(format!("{:?} is not rejected by {id}: {:?}", planted.bug, record.verdict));
            }
            if harness.fired() == before {
                problems.push(format!("{:?} did not fire in {id}", planted.bug));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_planted_store_is_named_once() {
    for (index, planted) in planted::all().enumerate() {
        assert!(!planted.rejected_by.is_empty(), "{:?}", planted.bug);
        let before = planted::all().take(index).all(|other| other.bug != planted.bug);
        assert!(before, "{:?} is there twice", planted.bug);
    }
}

#[test]
fn case_ids_are_unique_and_name_their_seam() {
    let mut ids: Vec<_> = cases().map(|case| case.id).collect();
    assert!(cases().all(|case| case.id.starts_with(case.seam.name())));
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
}

/// Those of the runtime are failed by the faults of `xtask/faults`.
#[test]
fn every_case_of_a_seam_can_fail() {
    let proven = |id: &str| planted::all().any(|planted| planted.rejected_by.contains(&id));
    let of_seams = cases().filter(|case| case.seam != Seam::Runtime);
    let idle: Vec<_> = of_seams.map(|case| case.id).filter(|id| !proven(id)).collect();
    assert!(idle.is_empty(), "no planted store fails\n{}", idle.join("\n"));
}
