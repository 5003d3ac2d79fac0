use std::collections::HashSet;

use super::step::{Seen, Step};

/// How many states a search may visit before it gives up.
const BUDGET: usize = 200_000;

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linear {
    /// There is an order of the operations that explains every answer.
    Yes,
    /// There is none.
    No,
    /// Not found within the budget. That is not a pass.
    Undecided,
}

/// Searches for an order of the steps on one key, starting absent, that respects real time and explains every answer
/// (Wing and Gong, with the visited configurations remembered). At most 64 steps.
pub(crate) fn linearizable(steps: &[Step]) -> Linear {
    if steps.len() > 64 {
        return Linear::Undecided;
    }
    let all = if steps.len() == 64 { u64::MAX } else { (1 << steps.len()) - 1 };
    let mut visited: HashSet<(u64, Seen)> = HashSet::new();
    let mut open: Vec<(u64, Seen)> = vec![(0, None)];
    while let Some((done, state)) = open.pop() {
        if done == all {
            return Linear::Yes;
        }
        if !visited.insert((done, state)) {
            continue;
        }
        if visited.len() > BUDGET {
            return Linear::Undecided;
        }
        let left = || steps.iter().enumerate().filter(move |(index, _)| done & (1 << index) == 0);
        let first_return = left().map(|(_, step)| step.returned).min().unwrap_or(u64::MAX);
        // Only what was called before anything left had returned can have come first.
        for (index, step) in left().filter(|(_, step)| step.called < first_return) {
            if let Some(after) = step.what.after(state) {
                open.push((done | (1 << index), after));
            }
        }
    }
    Linear::No
}

#[cfg(test)]
mod tests {
    use fastestmcp_core::session::{Expect, Version};

    use super::super::step::What;
    use super::*;

    fn step(called: u64, returned: u64, what: What) -> Step {
        Step { called, returned, what }
    }

    fn wrote(number: u64) -> What {
        What::Wrote { expect: Expect::Any, version: Version(number), value: number }
    }

    fn read(number: u64) -> What {
        What::Read(Some((Version(number), number)))
    }

    #[test]
    fn overlapping_operations_may_go_either_way() {
        for seen in [1, 2] {
            let steps = [step(0, 5, wrote(1)), step(1, 6, wrote(2)), step(2, 4, read(seen)), step(7, 8, read(2))];
            assert_eq!(linearizable(&steps), Linear::Yes, "{seen}");
        }
    }

    #[test]
    fn a_stale_read_is_not_linearizable() {
        let steps = [step(0, 1, wrote(1)), step(2, 3, wrote(2)), step(4, 5, read(1))];
        assert_eq!(linearizable(&steps), Linear::No);
    }

    #[test]
    fn two_takers_of_one_value_are_not_linearizable() {
        let got = What::Took(Some((Version(1), 1)));
        let steps = [step(0, 1, wrote(1)), step(2, 5, got), step(3, 4, got)];
        assert_eq!(linearizable(&steps), Linear::No);
    }

    #[test]
    fn a_lost_update_is_not_linearizable() {
        let replaces =
            |version| What::Wrote { expect: Expect::Version(Version(1)), version: Version(version), value: 0 };
        let steps = [step(0, 1, wrote(1)), step(2, 5, replaces(2)), step(3, 4, replaces(3))];
        assert_eq!(linearizable(&steps), Linear::No);
    }

    #[test]
    fn what_cannot_be_decided_is_said() {
        assert_eq!(linearizable(&vec![step(0, 9, What::Deleted(false)); 65]), Linear::Undecided);
    }
}
