//! What bends requests and answers.

use super::{Planted, planted};
use crate::model::Bug;

pub(super) const PLANTED: &[Planted] = &[
    planted(
        Bug::AnswersWithoutTime,
        &["session.clock.every_answer_carries_the_stores_time", "session.touch.it_writes_only_for_more_than_its_slack"],
    ),
    planted(
        Bug::NamesFoldCase,
        &[
            "session.fidelity.hostile_prefixes_select_by_bytes",
            "event.limits.hostile_topics_are_distinct",
            "event.order.topics_do_not_mix",
        ],
    ),
    planted(Bug::KindsShareIds, &["session.fidelity.kinds_of_scopes_are_distinct"]),
    planted(
        Bug::ValuesCutAtNul,
        &[
            "session.fidelity.hostile_namespaces_are_distinct",
            "task.claim.it_returns_what_was_inserted",
            "task.listing.specs_and_states_come_back_as_they_were_put",
            "event.limits.payloads_come_back_as_they_were_appended",
        ],
    ),
    planted(
        Bug::EmptyIsAbsent,
        &[
            "session.commit.empty_null_and_absent_are_three_things",
            "session.fidelity.values_come_back_as_they_were_put",
            "session.fidelity.hostile_keys_are_distinct_and_listed_by_their_bytes",
            "session.fidelity.hostile_scope_ids_are_distinct",
        ],
    ),
    planted(
        Bug::LimitsUnchecked,
        &[
            "session.limits.a_value_at_its_limit_fits_and_one_byte_more_does_not",
            "session.limits.spans_of_zero_and_of_more_than_100_years_are_invalid",
            "task.limits.a_spec_or_state_at_its_limit_fits_and_one_byte_more_does_not",
            "task.limits.a_priority_above_9_is_invalid",
            "event.limits.a_topic_of_513_bytes_is_refused",
            "event.limits.an_append_of_nothing_is_invalid",
            "event.limits.an_age_above_100_years_is_invalid",
            "event.limits.a_maximum_of_no_bytes_or_above_2_to_the_53_is_invalid",
        ],
    ),
    planted(Bug::ErrorsTellValues, &["session.limits.no_value_or_key_appears_in_an_error"]),
    planted(Bug::LoadLeavesLock, &["session.failure.a_dropped_load_leaves_nothing_behind"]),
    planted(
        Bug::CommitsInSteps,
        &[
            "session.failure.a_dropped_commit_is_wholly_applied_or_not",
            "session.limits.all_values_of_a_batch_together_have_a_limit",
            "session.limits.a_refused_request_changes_nothing",
            "session.limits.a_key_twice_in_one_commit_is_invalid",
        ],
    ),
    planted(Bug::AnswersInReverse, &["session.commit.every_operation_is_answered_in_order"]),
    planted(Bug::MismatchHidesCurrent, &["session.commit.the_first_mismatch_is_reported_with_what_is_stored"]),
    planted(
        Bug::CreateIfMissingMakesAnew,
        &["session.commit.create_if_missing_leaves_a_live_scope_alone", "session.commit.system_scopes_always_exist"],
    ),
    planted(Bug::RefusedCommitCreates, &["session.commit.a_refused_commit_creates_no_scope"]),
    planted(
        Bug::SystemScopesMustBeMade,
        &["session.expiry.a_system_entry_expires_too", "session.paging.a_system_scope_is_listed_while_it_holds_a_key"],
    ),
    planted(Bug::TtlSurvivesPut, &["session.expiry.a_put_without_ttl_clears_the_old_one"]),
    planted(
        Bug::DeletedKeysComeBack,
        &[
            "session.commit.a_scope_made_again_starts_empty",
            "session.paging.a_walk_over_entries_ends_when_the_scope_does",
            "session.sweep.a_deleted_scope_is_reaped_while_its_successor_lives",
        ],
    ),
    planted(Bug::WholeScopeWrites, &["session.race.puts_to_different_keys_never_lose_each_other"]),
    planted(
        Bug::VersionsAbove53Bits,
        &[
            "session.commit.every_precondition_is_decided_by_what_is_stored",
            "session.version.every_write_raises_the_version",
            "session.version.versions_stay_below_2_to_53",
        ],
    ),
    planted(Bug::TouchCreates, &["session.touch.it_does_nothing_to_system_and_absent_scopes"]),
    planted(Bug::TouchShortens, &["session.touch.it_never_shortens"]),
    planted(
        Bug::TouchIsLost,
        &[
            "session.expiry.a_scope_ends_exactly_at_its_absolute_end",
            "session.touch.it_slides_the_deadline",
            "session.touch.every_node_sees_it",
        ],
    ),
    planted(Bug::CountIsUnbounded, &["session.paging.counting_is_bounded"]),
    planted(Bug::ListByFirstDeadline, &["session.reap.a_touched_scope_is_listed_until_its_new_end"]),
    planted(
        Bug::PageSkipsOne,
        &[
            "session.paging.a_walk_over_entries_shows_each_once_in_order_by_any_limit",
            "session.paging.a_walk_over_entries_survives_updates",
            "session.paging.expired_entries_are_not_listed",
            "session.paging.a_walk_over_scopes_shows_each_live_one_once",
            "task.listing.newest_first_then_id_descending_by_any_limit",
            "task.listing.a_walk_survives_writes_and_claims",
        ],
    ),
    planted(
        Bug::PositionIsDamage,
        &[
            "session.paging.hostile_positions_show_nothing_foreign",
            "task.listing.hostile_positions_show_nothing_foreign",
        ],
    ),
    planted(Bug::RestartLosesTheNewest, &["session.failure.acknowledged_commits_survive_a_restart"]),
    planted(
        Bug::CrashRestartsNumbers,
        &["session.failure.versions_go_on_rising_after_a_crash", "event.failure.offsets_go_on_rising_after_a_crash"],
    ),
    planted(
        Bug::ClockStands,
        &[
            "session.realtime.time_passes_and_never_goes_back",
            "session.realtime.entries_and_scopes_end_when_they_should",
            "task.race.each_expired_lease_goes_to_exactly_one_of_many_claimers",
        ],
    ),
    planted(
        Bug::ClaimIgnoresLimit,
        &[
            "task.claim.the_limit_holds",
            "task.claim.a_limit_of_zero_only_tells_what_is_due_next",
            "task.claim.next_due_is_never_late",
            "task.limits.batches_have_a_limit",
        ],
    ),
    planted(Bug::ClaimKeepsVersion, &["task.claim.it_raises_version_claims_and_token_and_sets_the_lease"]),
    planted(
        Bug::KeyIgnored,
        &[
            "task.insert.a_key_that_exists_is_answered_with_the_record",
            "task.insert.a_key_lives_as_long_as_its_task",
            "task.insert.one_of_many_concurrent_inserts_of_a_key_wins",
            "task.insert.a_refused_insert_changes_nothing",
            "task.limits.a_name_of_513_bytes_is_refused",
        ],
    ),
    planted(Bug::QuotaCountsClosed, &["task.insert.the_quota_counts_open_tasks_of_the_owner"]),
    planted(Bug::QuotaOfZeroIsNone, &["task.insert.a_quota_of_zero_lets_nothing_in"]),
    planted(
        Bug::StatusIn7Bits,
        &["task.insert.it_is_readable_on_every_node_as_it_was_given", "task.insert.any_byte_is_a_status"],
    ),
    planted(Bug::StatusFilterIgnored, &["task.listing.it_filters_by_status_and_owner"]),
    planted(Bug::PartIgnored, &["task.listing.a_part_is_what_was_asked_for"]),
    planted(Bug::OwnerUnchecked, &["task.listing.wrong_owner_and_unknown_look_alike"]),
    planted(Bug::RetainShortens, &["task.replace.terminal_extends_to_retain_and_never_shortens"]),
    planted(Bug::TaskVersionsCount, &["task.replace.a_version_is_never_used_again"]),
    planted(Bug::DueOfFirstQueue, &["task.queues.the_next_due_task_is_that_of_all_of_them"]),
    planted(Bug::ClaimsTwice, &["task.claim.a_claimed_task_is_nobody_elses"]),
    planted(
        Bug::DroppedClaimStrands,
        &[
            "task.failure.a_dropped_claim_leaves_tasks_leased_at_most_until_the_lease_ends",
            "task.limits.spans_out_of_range_are_invalid",
        ],
    ),
    planted(
        Bug::AppendsOneByOne,
        &[
            "event.failure.a_dropped_append_is_wholly_applied_or_not",
            "event.limits.a_payload_at_its_limit_fits_and_one_byte_more_does_not",
        ],
    ),
    planted(Bug::OffsetsOneTooHigh, &["event.failure.a_dropped_append_is_wholly_applied_or_not"]),
    planted(
        Bug::TailSkipsNext,
        &[
            "event.limits.an_append_at_its_limit_fits_and_one_more_does_not",
            "event.order.the_tail_is_after_everything_so_far",
        ],
    ),
    planted(
        Bug::KeepsOneLess,
        &[
            "event.gap.after_a_gap_everything_still_there_is_read",
            "event.gap.the_newest_so_many_are_kept_whatever_their_age",
        ],
    ),
    planted(Bug::KeepsHalfAsLong, &["event.gap.the_young_are_kept_whatever_their_number"]),
    planted(
        Bug::EventsAppearLate,
        &[
            "event.gap.an_event_after_the_tail_of_a_new_topic_is_never_missed",
            "event.live.acknowledged_events_are_read_by_every_node",
            "event.order.what_was_appended_is_read_in_order_on_every_node",
        ],
    ),
    planted(
        Bug::LimitedReadSkips,
        &[
            "event.live.concurrent_appends_never_share_or_interleave_offsets",
            "event.order.a_limited_read_goes_on_where_it_ended",
        ],
    ),
    planted(Bug::TopicsAnsweredByName, &["event.order.several_topics_are_answered_in_order"]),
    planted(
        Bug::WakesNobody,
        &[
            "event.live.many_channels_at_once_are_all_heard",
            "event.limits.a_read_at_its_limits_fits_and_one_more_does_not",
            "event.live.a_wake_up_reaches_listeners_on_every_node",
            "event.live.any_name_is_a_channel",
        ],
    ),
    planted(Bug::LoadsShareAnswers, &["session.crowd.each_of_many_loads_at_once_has_its_own_answer"]),
    planted(Bug::OneAtATime, &["session.failure.a_slow_node_holds_up_no_other"]),
    planted(Bug::DeletesNothing, &["session.commit.a_deleted_scope_is_gone_with_all_its_keys"]),
    planted(Bug::OffsetsOneTooLow, &["event.order.offsets_of_one_append_are_consecutive_and_rise"]),
];
