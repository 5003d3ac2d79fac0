//! Claims, keys and pages.

use super::{Planted, planted};
use crate::model::Bug;

pub(super) const PLANTED: &[Planted] = &[
    planted(Bug::CutPageEndsWalk, &["session.limits.an_answer_has_a_limit_of_bytes"]),
    planted(Bug::CutClaimLeasesAll, &["task.queues.what_a_claim_has_no_room_for_stays_due"]),
    planted(Bug::CutClaimHidesDue, &["task.queues.what_a_claim_has_no_room_for_stays_due"]),
    planted(Bug::EmptyPageEndsWalk, &["task.sparse.a_walk_finds_the_one_that_fits_among_many_of_another_status"]),
    planted(Bug::QueuesOneByOne, &["task.queues.several_are_one_order_by_priority_then_due_then_id"]),
    planted(Bug::QueueNamedTwice, &["task.queues.one_that_is_named_twice_is_claimed_once"]),
    planted(Bug::SweepTakesKey, &["task.reap.a_key_stays_with_its_successor_when_its_expired_holder_is_swept"]),
    planted(
        Bug::InsertTakesKey,
        &["task.reap.a_key_stays_with_its_successor_when_its_expired_holder_is_inserted_again"],
    ),
];
