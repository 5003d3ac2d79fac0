//! When a topic disappears that nobody writes, and what its readers are told (E2, E4).

use std::time::Duration;

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::event::{Keep, Offset, TopicRead};

use super::steps::{HOUR, Log, append, events_after, read_after, texts, topic};
use crate::brief::brief;
use crate::broom::sweep_all;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Event, "event.vanish";
    "E4": an_append_postpones_the_end_of_its_topic,
    "E4": a_topic_that_is_written_steadily_never_disappears,
    "E4": the_last_append_decides_how_long_a_topic_is_kept,
    "E4": topics_with_different_ages_disappear_each_in_its_time,
    "E2": whoever_stood_in_a_topic_that_disappeared_is_told_whichever_went_after_it,
    "E2": an_offset_beyond_the_head_of_a_topic_never_seen_is_a_gap,
    "G14": a_budget_of_one_row_removes_topics_one_row_at_a_time,
    "G14": a_budget_of_one_byte_removes_topics_one_row_at_a_time,
    "G14": many_topics_disappear_in_one_sweep_or_several,
    "G14": nothing_is_left_of_topics_that_disappeared,
}

const MINUTE: Duration = Duration::from_secs(60);
const KEEP: Keep = Keep::new(1, HOUR);

async fn sweep(scene: &Scene, log: &Log) -> Result<u64, Halt> {
    sweep_all(scene, log, SweepBudget::default()).await
}

/// Whether what follows `first`, the offset of a topic's first event, is all there.
async fn is_whole(log: &Log, topic: &str, first: Offset, wanted: &[&str]) -> Result<bool, Halt> {
    match read_after(log, topic, first).await? {
        TopicRead::Events { items, .. } => Ok(texts(&items) == wanted),
        TopicRead::Gap { .. } => Ok(false),
    }
}

async fn is_gone(log: &Log, topic: &str, first: Offset) -> Result<bool, Halt> {
    Ok(matches!(read_after(log, topic, first).await?, TopicRead::Gap { oldest: None, .. }))
}

async fn an_append_postpones_the_end_of_its_topic(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let topic = topic(scene);
    let keep = Keep::new(10, HOUR);
    let first = append(&log, &topic, &["a"], keep).await?.start;
    scene.advance(HOUR / 2);
    append(&other, &topic, &["b"], keep).await?;
    for after in [Duration::ZERO, HOUR / 2, HOUR - HOUR / 2 - Duration::from_millis(1)] {
        scene.advance(after);
        sweep(scene, &log).await?;
        scene.check(is_whole(&log, &topic, first, &["b"]).await?, || {
            format!("gone {after:?} later, although it was written half an hour after it was made")
        });
    }
    scene.advance(Duration::from_millis(1));
    sweep(scene, &log).await?;
    scene.check(is_gone(&log, &topic, first).await?, || "still there an hour after its last event".to_owned());
    Ok(())
}

async fn a_topic_that_is_written_steadily_never_disappears(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let keep = Keep::new(1_000, HOUR);
    let first = append(&log, &topic, &["first"], keep).await?.start;
    for round in 1..20 {
        scene.advance(HOUR - Duration::from_millis(1));
        scene.same(&format!("removed by the sweep before write {round}"), &sweep(scene, &log).await?, &0);
        append(&log, &topic, &["x"], keep).await?;
        scene
            .check(is_whole(&log, &topic, first, &vec!["x"; round]).await?, || format!("events went by write {round}"));
        scene.same(&format!("removed by the sweep after write {round}"), &sweep(scene, &log).await?, &0);
    }
    Ok(())
}

async fn the_last_append_decides_how_long_a_topic_is_kept(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let (shorter, longer) = (topic(scene), topic(scene));
    let [short, long] = [HOUR, HOUR * 10].map(|age| Keep::new(10, age));
    let of_shorter = append(&log, &shorter, &["a"], long).await?.start;
    let of_longer = append(&log, &longer, &["a"], short).await?.start;
    append(&log, &shorter, &["b"], short).await?;
    append(&log, &longer, &["b"], long).await?;
    scene.advance(HOUR);
    sweep(scene, &log).await?;
    scene.check(is_gone(&log, &shorter, of_shorter).await?, || "kept for 10 hours, then for 1: still there".to_owned());
    let there = is_whole(&log, &longer, of_longer, &["b"]).await?;
    scene.check(there, || "kept for 1 hour, then for 10: gone after 1".to_owned());
    Ok(())
}

async fn topics_with_different_ages_disappear_each_in_its_time(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    // Neither the order of appends nor that of names is the order of their ends.
    let mut topics = Vec::new();
    for hours in [4, 1, 3, 5, 2] {
        let name = topic(scene);
        let first = append(&log, &name, &["a", "b"], Keep::new(10, HOUR * hours)).await?.start;
        topics.push((name, first, hours));
        scene.advance(MINUTE);
    }
    scene.advance(HOUR - MINUTE * 5);
    for hour in 1..=5 {
        // By now all have been there for so long that those of this hour are gone.
        scene.advance(MINUTE * 5);
        sweep(scene, &log).await?;
        for (name, first, hours) in &topics {
            let wanted = *hours <= hour;
            let gone = is_gone(&log, name, *first).await?;
            scene.same(&format!("whether a topic kept for {hours} h is gone after {hour} h"), &gone, &wanted);
            let whole = is_whole(&log, name, *first, &["b"]).await?;
            scene.same(&format!("whether a topic kept for {hours} h is whole after {hour} h"), &whole, &!wanted);
        }
        scene.advance(HOUR - MINUTE * 5);
    }
    Ok(())
}

/// A topic disappears whose offsets are higher than those of one that goes after it.
async fn whoever_stood_in_a_topic_that_disappeared_is_told_whichever_went_after_it(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let (older, newer) = (topic(scene), topic(scene));
    append(&log, &older, &["a"], Keep::new(1, HOUR * 2)).await?;
    let stood = append(&log, &newer, &["a", "missed"], KEEP).await?.start;
    for _ in 0..2 {
        scene.advance(HOUR);
        sweep(scene, &log).await?;
    }
    append(&log, &newer, &["again"], KEEP).await?;
    let got = read_after(&log, &newer, stood).await?;
    scene.check(matches!(got, TopicRead::Gap { .. }), || format!("an event was missed, not a gap: {}", brief(&got)));
    Ok(())
}

async fn an_offset_beyond_the_head_of_a_topic_never_seen_is_a_gap(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let known = topic(scene);
    let offsets = append(&log, &known, &["a"], KEEP).await?;
    for log in [&log, &other] {
        for beyond in [Offset(offsets.end.0 + 1_000), Offset((1 << 53) - 2)] {
            let got = read_after(log, &topic(scene), beyond).await?;
            let is_gap = matches!(got, TopicRead::Gap { oldest: None, .. });
            scene.check(is_gap, || format!("{beyond:?} of a topic never seen: {}", brief(&got)));
        }
    }
    scene.same("the topic that is there", &events_after(&log, &known, offsets.start).await?.len(), &0);
    Ok(())
}

/// Ten topics of an event of 1 KiB each, which nobody has written for their age.
async fn dead_topics(scene: &Scene, log: &Log) -> CaseResult {
    let large = "x".repeat(1_024);
    for _ in 0..10 {
        append(log, &topic(scene), &[large.as_str()], KEEP).await?;
    }
    scene.advance(HOUR);
    Ok(())
}

async fn one_by_one(scene: &Scene, budget: SweepBudget) -> CaseResult {
    let log = scene.events(0).await?;
    dead_topics(scene, &log).await?;
    let mut removed = 0;
    for _ in 0..10_000 {
        let swept = log.sweep(budget).await?;
        removed += swept.removed;
        scene.check(swept.removed <= 1, || format!("{} removed under {budget:?}", swept.removed));
        if !swept.more {
            break;
        }
    }
    scene.check(removed >= 10, || format!("{removed} removed of 10 topics"));
    scene.same("left for another sweep", &sweep(scene, &log).await?, &0);
    Ok(())
}

async fn a_budget_of_one_row_removes_topics_one_row_at_a_time(scene: &Scene) -> CaseResult {
    one_by_one(scene, SweepBudget { max_rows: 1, max_bytes: 1 << 20 }).await
}

async fn a_budget_of_one_byte_removes_topics_one_row_at_a_time(scene: &Scene) -> CaseResult {
    one_by_one(scene, SweepBudget { max_rows: 1_000, max_bytes: 1 }).await
}

async fn many_topics_disappear_in_one_sweep_or_several(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let mut firsts = Vec::new();
    for _ in 0..250 {
        let name = topic(scene);
        let first = append(&log, &name, &["a", "b"], KEEP).await?.start;
        firsts.push((name, first));
    }
    scene.advance(HOUR);
    let removed = sweep_all(scene, &log, SweepBudget { max_rows: 120, max_bytes: 1 << 20 }).await?;
    scene.check(removed >= 250, || format!("{removed} removed of 250 topics"));
    for (name, first) in &firsts {
        scene.check(is_gone(&log, name, *first).await?, || format!("{name} is still there"));
    }
    Ok(())
}

async fn nothing_is_left_of_topics_that_disappeared(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    // What is there once and for all, however many topics there were, is there after the first round.
    let mut rows = Vec::new();
    for _ in 0..3 {
        for _ in 0..3 {
            dead_topics(scene, &log).await?;
        }
        sweep(scene, &log).await?;
        rows.push(scene.cluster().rows().await?);
    }
    scene.same("rows after 60 and 90 topics, as after 30", &rows[1..].to_vec(), &vec![rows[0]; 2]);
    Ok(())
}
