//! What topics keep, and what they tell of what they do not.

use super::{Planted, planted};
use crate::model::Bug;

pub(super) const PLANTED: &[Planted] = &[
    planted(
        Bug::TrimsNever,
        &[
            "event.trim.what_need_not_be_kept_goes",
            "event.trim.who_needed_what_went_gets_a_gap_and_nobody_else",
            "event.trim.a_smaller_keep_counts_at_once",
        ],
    ),
    planted(Bug::TrimIgnoresAge, &["event.trim.the_young_stay_however_many_there_are"]),
    planted(Bug::TrimIgnoresCount, &["event.trim.the_newest_so_many_stay_however_old_they_are"]),
    planted(Bug::TrimsSilently, &["event.trim.who_needed_what_went_gets_a_gap_and_nobody_else"]),
    planted(Bug::TrimsByOldKeep, &["event.trim.a_larger_keep_counts_at_once"]),
    planted(
        Bug::TopicEndNotPostponed,
        &[
            "event.vanish.an_append_postpones_the_end_of_its_topic",
            "event.vanish.a_topic_that_is_written_steadily_never_disappears",
        ],
    ),
    planted(Bug::TopicEndOnlyPostponed, &["event.vanish.the_last_append_decides_how_long_a_topic_is_kept"]),
    planted(Bug::TopicsVanishInTurn, &["event.vanish.topics_with_different_ages_disappear_each_in_its_time"]),
    planted(
        Bug::VanishedMarkFalls,
        &["event.vanish.whoever_stood_in_a_topic_that_disappeared_is_told_whichever_went_after_it"],
    ),
    planted(Bug::UnknownTopicIsEmpty, &["event.vanish.an_offset_beyond_the_head_of_a_topic_never_seen_is_a_gap"]),
    planted(Bug::CutAnswerSkips, &["event.limits.an_answer_has_a_limit_of_bytes"]),
];
