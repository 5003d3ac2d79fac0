//! A topic's maximum in bytes, above which the oldest events go first (E4).

use std::time::Duration;

use fastestmcp_core::event::{Event, Keep, Offset, TopicRead};

use super::steps::{ALL, HOUR, Log, append, events_after, read_after, texts, topic};
use crate::brief::brief;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Event, "event.maximum";
    "E4": above_it_the_oldest_go_first_and_who_needed_them_gets_a_gap,
    "E4": who_needed_none_of_what_went_reads_on_without_a_gap,
    "E4": at_it_nothing_goes_and_with_one_byte_more_the_oldest_does,
    "E4": the_newest_event_stays_whatever_its_size,
    "E4": within_it_the_minimum_by_count_and_age_holds,
    "E4": a_lower_one_holds_for_all_that_is_there_and_none_drops_nothing,
}

const TEN_BYTES: Keep = Keep::new(100, HOUR).max_bytes(10);

/// The offset of each event, appended one by one.
async fn append_each(log: &Log, topic: &str, events: &[&str], keep: Keep) -> Result<Vec<Offset>, Halt> {
    let mut offsets = Vec::new();
    for event in events {
        offsets.push(append(log, topic, &[*event], keep).await?.start);
    }
    Ok(offsets)
}

/// Reads after an offset, behind which events went: a gap is due, that leads to exactly these.
async fn gap_before(scene: &Scene, log: &Log, topic: &str, after: Offset, left: &[&str]) -> CaseResult {
    match read_after(log, topic, after).await? {
        TopicRead::Gap { oldest, next } => {
            let events = events_after(log, topic, next).await?;
            scene.same("the oldest event and the first one read", &events.first().map(|event| event.offset), &oldest);
            scene.same(&format!("what is left for a reader at {after:?}"), &texts(&events), &owned(left));
        }
        events => scene.violation(format!("a reader at {after:?} missed events and got {}", brief(&events))),
    }
    Ok(())
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

async fn above_it_the_oldest_go_first_and_who_needed_them_gets_a_gap(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let one_by_one = topic(scene);
    let offsets = append_each(&log, &one_by_one, &["aaaa", "bbbb", "cccc", "dddd"], TEN_BYTES).await?;
    let at_once = topic(scene);
    let first = append(&log, &at_once, &["aaaa", "bbbb", "cccc", "dddd"], TEN_BYTES).await?.start;
    for log in [log, other] {
        gap_before(scene, &log, &one_by_one, offsets[0], &["cccc", "dddd"]).await?;
        let read = texts(&events_after(&log, &one_by_one, offsets[1]).await?);
        scene.same("what nobody who read the second event missed", &read, &owned(&["cccc", "dddd"]));
        gap_before(scene, &log, &at_once, first, &["cccc", "dddd"]).await?;
    }
    Ok(())
}

async fn who_needed_none_of_what_went_reads_on_without_a_gap(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let topic = topic(scene);
    let mut last = append(&log, &topic, &["first"], TEN_BYTES).await?.start;
    for round in 0..20 {
        let text = "x".repeat(1 + round % 10);
        let offsets = append(&log, &topic, &[text.as_str()], TEN_BYTES).await?;
        let read = events_after(&other, &topic, last).await?;
        let read: Vec<(Offset, usize)> =
            read.iter().map(|Event { offset, payload }| (*offset, payload.len())).collect();
        scene.same(&format!("after {last:?}"), &read, &vec![(offsets.start, text.len())]);
        last = offsets.start;
    }
    Ok(())
}

async fn at_it_nothing_goes_and_with_one_byte_more_the_oldest_does(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let offsets = append_each(&log, &topic, &["", "aaaaa", "bbbbb"], TEN_BYTES).await?;
    let read = texts(&events_after(&log, &topic, offsets[0]).await?);
    scene.same("10 bytes of 10", &read, &owned(&["aaaaa", "bbbbb"]));
    append(&log, &topic, &["c"], TEN_BYTES).await?;
    gap_before(scene, &log, &topic, offsets[0], &["bbbbb", "c"]).await?;
    let read = texts(&events_after(&log, &topic, offsets[1]).await?);
    scene.same("after the one that went", &read, &owned(&["bbbbb", "c"]));
    Ok(())
}

async fn the_newest_event_stays_whatever_its_size(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let large = "x".repeat(1_000);
    let offsets = append_each(&log, &topic, &["small", &large], TEN_BYTES).await?;
    let read = texts(&events_after(&log, &topic, offsets[0]).await?);
    scene.same("an event of 100 times the maximum", &read, &vec![large.clone()]);
    append(&log, &topic, &["a", &large, "z"], TEN_BYTES).await?;
    gap_before(scene, &log, &topic, offsets[1], &["z"]).await
}

async fn within_it_the_minimum_by_count_and_age_holds(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let (many, young) = (topic(scene), topic(scene));
    let keep = Keep::new(5, Duration::ZERO).max_bytes(1_000);
    let offsets = append_each(&log, &many, &["event"; 20], keep).await?;
    scene.same("the newest 5 of 20", &events_after(&log, &many, offsets[14]).await?.len(), &5);
    let keep = Keep::new(1, HOUR).max_bytes(1_000);
    let offsets = append_each(&log, &young, &["event"; 100], keep).await?;
    scene.same("events younger than an hour", &events_after(&log, &young, offsets[0]).await?.len(), &99);
    Ok(())
}

async fn a_lower_one_holds_for_all_that_is_there_and_none_drops_nothing(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let first = append(&log, &topic, &["aaaa"; 600], ALL).await?.start;
    append(&log, &topic, &["bbbb"; 2], ALL).await?;
    scene.same("events without a maximum", &events_after(&log, &topic, first).await?.len(), &601);
    append(&log, &topic, &["c"], TEN_BYTES).await?;
    gap_before(scene, &log, &topic, first, &["bbbb", "bbbb", "c"]).await?;
    let last = append(&log, &topic, &["d"], ALL).await?.start;
    append(&log, &topic, &["eeee"; 600], ALL).await?;
    scene.same("events without a maximum again", &events_after(&log, &topic, last).await?.len(), &600);
    Ok(())
}
