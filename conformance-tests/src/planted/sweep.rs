//! What sweeps take, leave and report.

use super::{Planted, planted};
use crate::model::Bug;

pub(super) const PLANTED: &[Planted] = &[
    planted(Bug::SweepByFirstDeadline, &["session.reap.a_touched_scope_is_not_swept"]),
    planted(
        Bug::SweepByFirstTtl,
        &[
            "session.reap.a_key_whose_ttl_was_lengthened_is_not_swept_before_its_new_end",
            "session.reap.a_key_whose_ttl_was_cleared_is_not_swept",
        ],
    ),
    planted(Bug::SweepTakesEmptiedScope, &["session.reap.a_scope_outlives_the_last_of_its_mortal_keys"]),
    planted(Bug::CountByFirstDeadline, &["session.reap.a_touched_scope_is_counted_until_its_new_end"]),
    planted(
        Bug::SweepIgnoresRows,
        &[
            "session.crowd.a_sweep_of_many_rows_removes_as_many_as_it_may_and_the_next_the_rest",
            "session.reap.a_budget_of_one_row_removes_one_row_at_a_time",
            "task.reap.a_budget_of_one_row_removes_one_task_at_a_time",
            "event.vanish.a_budget_of_one_row_removes_topics_one_row_at_a_time",
        ],
    ),
    planted(
        Bug::SweepIgnoresBytes,
        &[
            "session.reap.a_budget_of_one_byte_removes_one_entry_at_a_time",
            "task.reap.a_budget_of_one_byte_removes_one_task_at_a_time",
            "event.vanish.a_budget_of_one_byte_removes_topics_one_row_at_a_time",
        ],
    ),
    planted(
        Bug::SweepSaysDone,
        &[
            "session.reap.a_budget_of_one_row_removes_one_row_at_a_time",
            "task.reap.a_budget_of_one_row_removes_one_task_at_a_time",
            "event.vanish.a_budget_of_one_row_removes_topics_one_row_at_a_time",
        ],
    ),
    planted(
        Bug::SweepReportsAgain,
        &[
            "session.sweep.it_reports_each_record_once_over_all_nodes",
            "task.sweep.it_reports_each_task_once_over_all_nodes",
        ],
    ),
    planted(
        Bug::SweepLeavesAll,
        &[
            "session.crowd.many_keys_of_one_scope_go_and_the_lasting_ones_stay",
            "event.vanish.many_topics_disappear_in_one_sweep_or_several",
            "session.sweep.it_removes_what_is_expired_and_nothing_else",
            "task.sweep.it_removes_expired_tasks_and_nothing_else",
            "event.gap.topics_that_nobody_writes_disappear",
            "session.reap.nothing_is_left_of_scopes_that_expired",
            "session.reap.nothing_is_left_of_keys_that_expired_or_were_deleted",
            "task.reap.a_task_whose_life_its_outcome_extended_is_not_swept",
        ],
    ),
    planted(Bug::OrphanEntries, &["session.reap.nothing_is_left_of_scopes_that_were_deleted_and_made_again"]),
    planted(Bug::OrphanTasks, &["task.reap.nothing_is_left_of_tasks_that_expired"]),
    planted(Bug::OrphanEvents, &["event.vanish.nothing_is_left_of_topics_that_disappeared"]),
];
