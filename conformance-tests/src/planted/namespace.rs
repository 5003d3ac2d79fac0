//! What reaches over to another namespace.

use super::{Planted, planted};
use crate::model::Bug;

pub(super) const PLANTED: &[Planted] = &[
    planted(Bug::ForeignScopes, &["session.namespace.scopes_are_listed_and_counted_in_their_own_only"]),
    planted(Bug::ForeignCount, &["session.namespace.scopes_are_listed_and_counted_in_their_own_only"]),
    planted(Bug::ForeignDelete, &["session.namespace.a_scope_is_deleted_in_its_own_only"]),
    planted(
        Bug::ForeignSweep,
        &[
            "session.namespace.a_sweep_removes_what_is_its_own_only",
            "task.namespace.a_sweep_removes_tasks_of_its_own_only",
            "event.namespace.a_sweep_removes_topics_of_its_own_only",
        ],
    ),
    planted(Bug::ForeignEntries, &["session.namespace.entries_of_one_scope_are_listed_in_its_own_only"]),
    planted(Bug::ForeignKey, &["task.namespace.an_idempotency_key_is_taken_in_its_own_only"]),
    planted(Bug::ForeignQuota, &["task.namespace.a_quota_counts_the_tasks_of_its_own_only"]),
    planted(Bug::ForeignTasks, &["task.namespace.a_list_by_owner_and_status_shows_its_own_only"]),
    planted(Bug::ForeignClaim, &["task.namespace.a_claim_gets_and_announces_tasks_of_its_own_only"]),
    planted(Bug::ForeignDue, &["task.namespace.a_claim_gets_and_announces_tasks_of_its_own_only"]),
    planted(Bug::ForeignMark, &["event.namespace.a_topic_that_disappears_is_no_gap_in_another"]),
    planted(Bug::ForeignWake, &["event.namespace.a_wake_up_is_heard_in_its_own_only"]),
];
