//! Trimming a topic that holds many more events than must be kept, as much more as the backend waits for (E2, E4).

use std::time::Duration;

use fastestmcp_core::event::{Keep, Offset, TopicRead};

use super::steps::{Log, append, events_after, read_after, topic};
use crate::brief::brief;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Event, "event.trim";
    "E4": what_need_not_be_kept_goes,
    "E2": who_needed_what_went_gets_a_gap_and_nobody_else,
    "E4": the_young_stay_however_many_there_are,
    "E4": the_newest_so_many_stay_however_old_they_are,
    "E4": a_larger_keep_counts_at_once,
    "E4": a_smaller_keep_counts_at_once,
}

/// How long events are kept here.
const AGE: Duration = Duration::from_secs(60);
/// How many are, whatever their age.
const LEAST: usize = 40;
const KEEP: Keep = Keep::new(LEAST as u32, AGE);
/// How many are appended at once.
const BATCH: usize = 50;

/// So many numbers in a row, in batches; the offset of each.
async fn append_many(log: &Log, topic: &str, numbers: std::ops::Range<usize>, keep: Keep) -> Result<Vec<Offset>, Halt> {
    let (mut offsets, end) = (Vec::new(), numbers.end);
    for start in numbers.step_by(BATCH) {
        let texts: Vec<String> = (start..end.min(start + BATCH)).map(|number| number.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let range = append(log, topic, &texts, keep).await?;
        offsets.extend((range.start.0..range.end.0).map(Offset));
    }
    Ok(offsets)
}

/// More events than the backend waits for before it trims.
fn many(scene: &Scene) -> usize {
    LEAST + scene.cluster().thresholds().spare_events + BATCH
}

/// The offsets that are still there, seen from the first one: `None` if none of them went.
async fn left(log: &Log, topic: &str, offsets: &[Offset]) -> Result<Option<usize>, Halt> {
    match read_after(log, topic, offsets[0]).await? {
        TopicRead::Gap { oldest: Some(oldest), .. } => Ok(Some(offsets.iter().filter(|at| **at >= oldest).count())),
        TopicRead::Gap { oldest: None, .. } => Ok(Some(0)),
        TopicRead::Events { .. } => Ok(None),
    }
}

/// A topic whose oldest events have been trimmed, with the offsets of all that were ever appended.
async fn trimmed(scene: &Scene, log: &Log, added: usize) -> Result<(String, Vec<Offset>), Halt> {
    let topic = topic(scene);
    let mut offsets = append_many(log, &topic, 0..many(scene), KEEP).await?;
    scene.advance(AGE);
    for _ in 0..20 {
        if left(log, &topic, &offsets).await?.is_some() {
            break;
        }
        offsets.extend(append_many(log, &topic, offsets.len()..offsets.len() + added, KEEP).await?);
    }
    Ok((topic, offsets))
}

async fn what_need_not_be_kept_goes(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let (topic, offsets) = trimmed(scene, &log, BATCH).await?;
    scene.check(left(&log, &topic, &offsets).await?.is_some(), || {
        format!("nothing went of {} events that were to be {LEAST}, or as many as are young", offsets.len())
    });
    Ok(())
}

async fn who_needed_what_went_gets_a_gap_and_nobody_else(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let (topic, offsets) = trimmed(scene, &log, BATCH).await?;
    let mut gaps = 0;
    for (number, after) in offsets.iter().enumerate() {
        match read_after(&other, &topic, *after).await? {
            TopicRead::Events { items, .. } => {
                let got: Vec<_> = items.iter().map(|event| event.offset).collect();
                scene.same(&format!("events after number {number}"), &got, &offsets[number + 1..].to_vec());
            }
            TopicRead::Gap { oldest, .. } => {
                gaps += 1;
                scene.check(oldest > Some(*after), || format!("a gap after {after:?}, but {oldest:?} is there"));
                let told_twice = oldest == offsets.get(number + 1).copied();
                scene.check(!told_twice, || format!("a gap after {after:?}, though the next is there"));
            }
        }
    }
    scene.check(gaps > 0, || "nobody got a gap, whatever was trimmed".to_owned());
    Ok(())
}

async fn the_young_stay_however_many_there_are(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let mut offsets = append_many(&log, &topic, 0..many(scene), KEEP).await?;
    scene.advance(AGE - Duration::from_millis(1));
    offsets.extend(append_many(&log, &topic, offsets.len()..offsets.len() + 2 * BATCH, KEEP).await?);
    let left = left(&log, &topic, &offsets).await?;
    scene.same("gone of events that are 1 ms too young to go", &left, &None);
    Ok(())
}

/// The newest of a topic that must stay are there.
async fn is_whole(scene: &Scene, log: &Log, topic: &str, offsets: &[Offset]) -> CaseResult {
    let newest = &offsets[offsets.len() - LEAST - 1..];
    let got: Vec<_> = match read_after(log, topic, newest[0]).await? {
        TopicRead::Events { items, .. } => items.iter().map(|event| event.offset).collect(),
        // The one before them may have gone, and need not.
        TopicRead::Gap { next, .. } => events_after(log, topic, next).await?.iter().map(|event| event.offset).collect(),
    };
    scene.same(&format!("the newest {LEAST} of a topic that is trimmed"), &got, &newest[1..].to_vec());
    Ok(())
}

async fn the_newest_so_many_stay_however_old_they_are(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    for added in [1, 3, BATCH] {
        let (topic, mut offsets) = trimmed(scene, &log, added).await?;
        is_whole(scene, &log, &topic, &offsets).await?;
        for _ in 0..40 {
            scene.advance(AGE);
            offsets.extend(append_many(&log, &topic, offsets.len()..offsets.len() + added, KEEP).await?);
            is_whole(scene, &log, &topic, &offsets).await?;
        }
    }
    Ok(())
}

async fn a_larger_keep_counts_at_once(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    for larger in [Keep::new(LEAST as u32, AGE * 10), Keep::new(1 << 20, AGE)] {
        let topic = topic(scene);
        let mut offsets = append_many(&log, &topic, 0..many(scene), KEEP).await?;
        let before = left(&log, &topic, &offsets).await?;
        scene.advance(AGE);
        for _ in 0..4 {
            offsets.extend(append_many(&log, &topic, offsets.len()..offsets.len() + BATCH, larger).await?);
        }
        scene.same(&format!("gone under {larger:?}"), &left(&log, &topic, &offsets).await?, &before);
    }
    Ok(())
}

async fn a_smaller_keep_counts_at_once(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let large = Keep::new(1 << 20, AGE * 10);
    let mut offsets = append_many(&log, &topic, 0..many(scene), large).await?;
    scene.advance(AGE);
    offsets.extend(append_many(&log, &topic, offsets.len()..offsets.len() + 1, KEEP).await?);
    let got = read_after(&log, &topic, offsets[0]).await?;
    scene.check(matches!(got, TopicRead::Gap { .. }), || format!("nothing went for the new keep: {}", brief(&got)));
    Ok(())
}
