use std::collections::HashMap;

use fastestmcp_core::session::Version;

use super::step::{Seen, Step, What};

/// What contradicts the order of versions in the history of one key, of any length: a version written twice, a value
/// nobody wrote, a write or a read that shows an older version than one that had been seen before it was called.
pub(crate) fn out_of_order(steps: &[Step]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut writes: HashMap<Version, &Step> = HashMap::new();
    for step in steps {
        if let What::Wrote { version, .. } = step.what
            && let Some(other) = writes.insert(version, step)
        {
            problems.push(format!("one version, two writes: {other:?} and {step:?}"));
        }
    }
    for step in steps {
        if let Some((version, value)) = shows(step.what).1 {
            let written = writes.get(&version).map(|write| write.what);
            if !matches!(written, Some(What::Wrote { value: wrote, .. }) if wrote == value) {
                problems.push(format!("{step:?} shows what nobody wrote; that version is {written:?}"));
            }
        }
    }
    let mut by_call: Vec<&Step> = steps.iter().collect();
    by_call.sort_by_key(|step| step.called);
    let mut by_return: Vec<&Step> = steps.iter().collect();
    by_return.sort_by_key(|step| step.returned);
    let (mut newest, mut ended) = (None, by_return.into_iter().peekable());
    for step in by_call {
        while let Some(before) = ended.next_if(|before| before.returned < step.called) {
            newest = newest.max(version(before.what));
        }
        let (is_write, _) = shows(step.what);
        if let Some(shown) = version(step.what)
            && (Some(shown) < newest || (is_write && Some(shown) == newest))
        {
            problems.push(format!("{step:?} although {newest:?} had been seen before"));
        }
    }
    problems
}

const fn shows(what: What) -> (bool, Seen) {
    match what {
        What::Wrote { .. } => (true, None),
        What::Deleted(_) => (false, None),
        What::Refused { current: seen, .. } | What::Took(seen) | What::Read(seen) => (false, seen),
    }
}

fn version(what: What) -> Option<Version> {
    match what {
        What::Wrote { version, .. } => Some(version),
        other => shows(other).1.map(|(version, _)| version),
    }
}

#[cfg(test)]
mod tests {
    use fastestmcp_core::session::Expect;

    use super::*;

    fn wrote(called: u64, returned: u64, version: u64) -> Step {
        let what = What::Wrote { expect: Expect::Any, version: Version(version), value: version };
        Step { called, returned, what }
    }

    fn read(called: u64, returned: u64, version: u64, value: u64) -> Step {
        Step { called, returned, what: What::Read(Some((Version(version), value))) }
    }

    #[test]
    fn order_by_overlap_is_free_and_order_by_time_is_not() {
        assert!(out_of_order(&[wrote(0, 3, 2), wrote(1, 2, 1), read(4, 5, 2, 2)]).is_empty());
        assert_eq!(out_of_order(&[wrote(0, 1, 2), wrote(2, 3, 1)]).len(), 1, "a later write with an older version");
        assert_eq!(out_of_order(&[wrote(0, 1, 1), wrote(2, 3, 2), read(4, 5, 1, 1)]).len(), 1, "a stale read");
    }

    #[test]
    fn a_version_belongs_to_one_write() {
        assert_eq!(out_of_order(&[wrote(0, 3, 1), wrote(1, 2, 1)]).len(), 1);
        assert_eq!(out_of_order(&[wrote(0, 1, 1), read(2, 3, 1, 7)]).len(), 1);
    }
}
