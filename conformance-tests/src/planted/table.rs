use super::{Planted, planted};
use crate::model::Bug;

pub(super) const PLANTED: &[Planted] = &[
    planted(
        Bug::CheckThenAct,
        &[
            "session.race.increments_by_compare_and_set_lose_none",
            "session.race.of_many_creators_of_a_key_exactly_one_wins",
            "session.race.no_write_skew",
            "session.history.transactions_of_a_scope_are_serializable",
        ],
    ),
    planted(
        Bug::StaleRead,
        &["session.race.what_one_node_wrote_every_node_reads", "session.history.short_histories_are_linearizable"],
    ),
    planted(
        Bug::AbsentTooSoon,
        &[
            "session.realtime.a_scope_that_a_touch_kept_alive_was_never_found_gone",
            "session.realtime.an_entry_that_a_put_kept_alive_was_never_found_gone",
            "task.realtime.a_task_that_its_outcome_kept_alive_was_never_found_gone",
        ],
    ),
    planted(Bug::TornLoad, &["session.race.a_load_is_one_snapshot"]),
    planted(
        Bug::VersionReuse,
        &[
            "session.version.a_version_is_never_used_again",
            "session.version.an_old_version_matches_nothing_ever_again",
            "session.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(
        Bug::ResurrectAfterExpiry,
        &[
            "session.expiry.an_expired_scope_is_absent_for_every_operation",
            "session.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(
        Bug::ResurrectAfterDelete,
        &[
            "session.commit.existing_needs_a_live_scope",
            "session.race.a_write_racing_a_deletion_never_resurrects",
            "session.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(
        Bug::TtlInSeconds,
        &[
            "session.expiry.an_entry_ends_exactly_at_its_deadline",
            "session.expiry.any_duration_from_1_ms_to_100_years_is_exact",
            "task.limits.any_duration_from_1_ms_to_100_years_is_exact",
            "session.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(
        Bug::TtlIn32Bits,
        &[
            "session.expiry.any_duration_from_1_ms_to_100_years_is_exact",
            "task.limits.any_duration_from_1_ms_to_100_years_is_exact",
        ],
    ),
    planted(
        Bug::LateBoundary,
        &[
            "session.expiry.an_entry_ends_exactly_at_its_deadline",
            "session.expiry.a_scope_ends_exactly_at_its_deadline",
            "task.replace.an_expired_task_is_missing",
            "session.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
            "task.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(
        Bug::CallersClock,
        &["session.clock.all_nodes_share_one_clock", "session.failure.process_clocks_do_not_matter"],
    ),
    planted(
        Bug::PageByOffset,
        &["session.paging.a_walk_over_entries_survives_inserts", "task.listing.a_walk_survives_inserts"],
    ),
    planted(
        Bug::PageRestart,
        &[
            "session.paging.a_walk_over_entries_survives_deletions_of_its_anchor",
            "task.listing.a_walk_survives_expiry_of_its_anchor",
        ],
    ),
    planted(Bug::OwnerPrefix, &["task.listing.an_owner_sees_exactly_its_own"]),
    planted(Bug::UnescapedJoin, &["session.fidelity.scope_and_key_are_never_joined"]),
    planted(
        Bug::UpsertScope,
        &[
            "session.commit.create_new_creates_once",
            "session.race.of_many_creators_of_a_scope_exactly_one_wins",
            "session.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(
        Bug::UpsertTask,
        &[
            "task.insert.an_id_that_exists_is_answered_with_the_record",
            "task.insert.one_of_many_concurrent_inserts_of_an_id_wins",
            "task.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(
        Bug::TerminalOverwrite,
        &[
            "task.race.cancel_and_complete_have_one_outcome",
            "task.replace.terminal_closes",
            "task.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(
        Bug::NoFencing,
        &[
            "task.lease.stale_token_rejected",
            "task.replace.guards_are_checked_in_order",
            "task.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(
        Bug::ReleaseWithoutToken,
        &[
            "task.lease.stale_holder_cannot_hand_back",
            "task.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(Bug::TakeInTwoSteps, &["session.race.of_many_takers_exactly_one_gets_it"]),
    planted(
        Bug::AckBeforeDurable,
        &[
            "session.failure.acknowledged_commits_survive_a_crash",
            "task.failure.acknowledged_tasks_survive_a_crash",
            "event.failure.acknowledged_events_survive_a_crash",
        ],
    ),
    planted(Bug::CloseLosesTheNewest, &["session.failure.an_orderly_close_loses_nothing_and_leaves_other_nodes_alone"]),
    planted(Bug::EventHole, &["event.live.a_reader_never_sees_an_event_appear_before_one_it_has_read"]),
    planted(
        Bug::SilentGap,
        &[
            "event.gap.never_a_silent_hole_when_events_are_trimmed",
            "event.gap.a_vanished_topic_is_a_gap",
            "event.sequence.any_read_shows_exactly_what_follows_or_a_gap_where_one_may_be",
        ],
    ),
    planted(
        Bug::MaximumIgnored,
        &[
            "event.maximum.above_it_the_oldest_go_first_and_who_needed_them_gets_a_gap",
            "event.maximum.at_it_nothing_goes_and_with_one_byte_more_the_oldest_does",
            "event.maximum.the_newest_event_stays_whatever_its_size",
            "event.maximum.a_lower_one_holds_for_all_that_is_there_and_none_drops_nothing",
            "event.sequence.any_read_shows_exactly_what_follows_or_a_gap_where_one_may_be",
        ],
    ),
    planted(Bug::MaximumIsExclusive, &["event.maximum.at_it_nothing_goes_and_with_one_byte_more_the_oldest_does"]),
    planted(
        Bug::MaximumDropsTheNewest,
        &[
            "event.maximum.above_it_the_oldest_go_first_and_who_needed_them_gets_a_gap",
            "event.maximum.who_needed_none_of_what_went_reads_on_without_a_gap",
            "event.maximum.at_it_nothing_goes_and_with_one_byte_more_the_oldest_does",
            "event.maximum.the_newest_event_stays_whatever_its_size",
            "event.sequence.any_read_shows_exactly_what_follows_or_a_gap_where_one_may_be",
        ],
    ),
    planted(Bug::MaximumSparesNothing, &["event.maximum.the_newest_event_stays_whatever_its_size"]),
    planted(
        Bug::MaximumDropsSilently,
        &[
            "event.maximum.above_it_the_oldest_go_first_and_who_needed_them_gets_a_gap",
            "event.maximum.at_it_nothing_goes_and_with_one_byte_more_the_oldest_does",
            "event.maximum.the_newest_event_stays_whatever_its_size",
            "event.maximum.a_lower_one_holds_for_all_that_is_there_and_none_drops_nothing",
            "event.sequence.any_read_shows_exactly_what_follows_or_a_gap_where_one_may_be",
        ],
    ),
    planted(Bug::MaximumLiftsMinimum, &["event.maximum.within_it_the_minimum_by_count_and_age_holds"]),
    planted(Bug::MaximumInSteps, &["event.maximum.a_lower_one_holds_for_all_that_is_there_and_none_drops_nothing"]),
    planted(
        Bug::OffsetsRestart,
        &[
            "event.gap.offsets_go_on_rising_when_a_topic_is_made_again",
            "event.sequence.any_read_shows_exactly_what_follows_or_a_gap_where_one_may_be",
        ],
    ),
    planted(Bug::QuotaOutsideLock, &["task.insert.the_quota_is_exact_under_concurrency"]),
    planted(Bug::ClockBeforeLock, &["session.clock.time_follows_the_order_of_commits"]),
    planted(
        Bug::RenewBumpsVersion,
        &[
            "task.lease.a_renewal_changes_only_the_end_of_the_lease",
            "task.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(Bug::NeighbourRolledBack, &["session.race.a_refused_commit_leaves_its_neighbours_alone"]),
    planted(
        Bug::IdempotencyIgnoresDigest,
        &[
            "task.insert.a_key_with_another_digest_is_refused",
            "task.sequence.any_sequence_is_answered_as_the_reference_model_answers_it",
        ],
    ),
    planted(Bug::EarlyReclaim, &["task.lease.it_never_ends_early_and_its_task_is_due_by_itself"]),
    planted(
        Bug::UnknownAsNotApplied,
        &[
            "session.failure.an_unknown_outcome_can_be_repeated_under_a_precondition",
            "task.failure.an_insert_of_unknown_outcome_finds_itself",
            "task.failure.a_write_of_unknown_outcome_is_settled_by_its_version",
        ],
    ),
    planted(
        Bug::NotAppliedAsUnknown,
        &[
            "session.failure.a_fault_before_the_store_applies_nothing",
            "session.failure.a_cut_node_comes_to_know_that_nothing_was_applied",
            "task.failure.a_fault_before_the_store_inserts_nothing",
        ],
    ),
    planted(Bug::NoDeadline, &["session.failure.an_operation_that_is_held_up_ends_at_its_deadline"]),
    planted(Bug::SilentReconnect, &["event.failure.a_listener_that_was_cut_off_hears_a_reset"]),
    planted(Bug::FailureAsAbsent, &["session.failure.a_node_that_is_cut_off_fails_and_comes_back"]),
    planted(
        Bug::AnswersWithoutBound,
        &[
            "session.limits.an_answer_has_a_limit_of_bytes",
            "session.limits.what_one_commit_takes_has_a_limit_of_bytes",
            "task.limits.an_answer_has_a_limit_of_bytes",
            "event.limits.an_answer_has_a_limit_of_bytes",
        ],
    ),
    planted(Bug::EmptyKeyIsNothing, &["session.paging.a_system_scope_is_listed_for_an_empty_key"]),
    planted(
        Bug::SharedNamespaces,
        &[
            "session.fidelity.namespaces_never_see_each_other",
            "task.listing.namespaces_never_see_each_other",
            "event.limits.namespaces_never_see_each_other",
        ],
    ),
    planted(Bug::DamageFailsClaims, &["task.damage.a_claim_steps_over_it_and_names_it_once"]),
    planted(
        Bug::DamageStrandsNeighbours,
        &["task.damage.a_claim_steps_over_it_and_names_it_once", "task.damage.a_claim_of_few_gets_past_many"],
    ),
    planted(
        Bug::DamageStaysDue,
        &[
            "task.damage.a_claim_steps_over_it_and_names_it_once",
            "task.damage.a_claim_of_few_gets_past_many",
            "task.damage.next_due_is_that_of_its_neighbours",
            "task.damage.one_that_is_held_is_lost_and_named_when_its_lease_ends",
        ],
    ),
    planted(Bug::DamageFailsRenewals, &["task.damage.a_renewal_of_its_neighbours_holds"]),
    planted(Bug::DamageAsAbsent, &["task.damage.who_asks_for_it_is_told_and_nobody_else"]),
    planted(
        Bug::DamageFailsLists,
        &[
            "task.damage.a_list_leaves_it_out_and_goes_on",
            "session.damage.a_list_leaves_a_damaged_entry_out_and_goes_on",
            "session.damage.listing_and_counting_scopes_go_on_past_a_damaged_one",
        ],
    ),
    planted(
        Bug::DamageEndsWalks,
        &[
            "task.damage.a_list_leaves_it_out_and_goes_on",
            "session.damage.a_list_leaves_a_damaged_entry_out_and_goes_on",
            "session.damage.listing_and_counting_scopes_go_on_past_a_damaged_one",
        ],
    ),
    planted(Bug::DamageFailsQuotas, &["task.damage.the_quota_of_its_owner_stays_exact"]),
    planted(
        Bug::DamageSpreadsToScope,
        &[
            "session.damage.who_names_a_damaged_entry_is_told_and_nobody_else",
            "session.damage.a_list_leaves_a_damaged_entry_out_and_goes_on",
        ],
    ),
    planted(Bug::DamagedScopeStays, &["session.damage.a_damaged_scope_can_be_deleted_and_made_anew"]),
    planted(
        Bug::DamageStopsSweeps,
        &["task.damage.a_sweep_goes_on_past_it", "session.damage.a_sweep_goes_on_past_damage"],
    ),
];
