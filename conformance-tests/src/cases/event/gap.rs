//! Nothing disappears without a word (E1, E2, E4).

use std::time::Duration;

use fastestmcp_core::event::{Keep, Offset, TopicRead};

use super::steps::{ALL, HOUR, Log, append, before, events_after, read_after, tail, texts, topic};
use crate::brief::brief;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Event, "event.gap";
    "E2": an_offset_beyond_the_head_is_a_gap,
    "E2": never_a_silent_hole_when_events_are_trimmed,
    "E2": after_a_gap_everything_still_there_is_read,
    "E2": a_vanished_topic_is_a_gap,
    "E2": an_event_after_the_tail_of_a_new_topic_is_never_missed,
    "E1": offsets_go_on_rising_when_a_topic_is_made_again,
    "E4": the_newest_so_many_are_kept_whatever_their_age,
    "E4": the_young_are_kept_whatever_their_number,
    "E4": topics_that_nobody_writes_disappear,
}

const DAY: Duration = Duration::from_secs(86_400);

/// Reads on from `after` over any gaps until the end; what it read, and whether it was told of a gap.
async fn read_through(log: &Log, topic: &str, mut after: Offset) -> Result<(Vec<String>, bool), Halt> {
    let (mut seen, mut gap) = (Vec::new(), false);
    for _ in 0..100 {
        match read_after(log, topic, after).await? {
            TopicRead::Events { items, .. } if items.is_empty() => return Ok((seen, gap)),
            TopicRead::Events { items, next } => {
                seen.extend(texts(&items));
                after = next;
            }
            TopicRead::Gap { next, .. } => {
                gap = true;
                seen.clear();
                after = next;
            }
        }
    }
    Err(Halt::Wrong(format!("reading {topic} did not come to an end within 100 reads")))
}

async fn an_offset_beyond_the_head_is_a_gap(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let offsets = append(&log, &topic, &["a", "b"], ALL).await?;
    for beyond in [1_000, 1 << 40, (1 << 53) - 1 - offsets.end.0] {
        let got = read_after(&log, &topic, Offset(offsets.end.0 + beyond)).await?;
        scene.check(matches!(got, TopicRead::Gap { .. }), || format!("{beyond} beyond the head: {}", brief(&got)));
    }
    let end = events_after(&log, &topic, Offset(offsets.end.0 - 1)).await?;
    scene.same("events after the last one", &end, &vec![]);
    Ok(())
}

/// Appends numbers while old ones are dropped, and checks every read: either all that follows, or a gap.
async fn never_a_silent_hole_when_events_are_trimmed(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let topic = topic(scene);
    let keep = Keep::new(5, Duration::from_secs(10));
    let mut offsets: Vec<Offset> = Vec::new();
    for round in 0..30 {
        let texts = [format!("{}", round * 2), format!("{}", round * 2 + 1)];
        let appended = append(&log, &topic, &[texts[0].as_str(), texts[1].as_str()], keep).await?;
        offsets.extend([appended.start, Offset(appended.start.0 + 1)]);
        scene.advance(Duration::from_secs(round % 7));
        if round % 5 == 4 {
            log.sweep(Default::default()).await?;
        }
        for (number, after) in offsets.iter().enumerate() {
            let read = read_after(&other, &topic, *after).await?;
            if let TopicRead::Events { items, .. } = read {
                let got: Vec<_> = items.iter().map(|event| event.offset).collect();
                scene.same(&format!("events after number {number}"), &got, &offsets[number + 1..].to_vec());
            }
        }
    }
    Ok(())
}

async fn after_a_gap_everything_still_there_is_read(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let keep = Keep::new(3, Duration::from_secs(1));
    let first = append(&log, &topic, &["0", "1", "2", "3", "4", "5"], keep).await?;
    scene.advance(Duration::from_secs(2));
    append(&log, &topic, &["6"], keep).await?;
    let beyond = Offset(first.end.0 + (1 << 40));
    let TopicRead::Gap { oldest, next } = read_after(&log, &topic, beyond).await? else {
        scene.violation("an offset beyond the head is no gap");
        return Ok(());
    };
    let events = events_after(&log, &topic, next).await?;
    scene.same("the oldest event and the first one read", &events.first().map(|event| event.offset), &oldest);
    let texts = texts(&events);
    let kept = ["0", "1", "2", "3", "4", "5", "6"].map(String::from);
    scene.check(texts.len() >= 3 && kept.ends_with(&texts), || format!("still there: {texts:?}, at least 3 due"));
    Ok(())
}

async fn sweep_all(log: &Log) -> CaseResult {
    for _ in 0..1_000 {
        if !log.sweep(Default::default()).await?.more {
            return Ok(());
        }
    }
    Err(Halt::Wrong("sweeping did not come to an end within 1,000 steps".to_owned()))
}

async fn a_vanished_topic_is_a_gap(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let offsets = append(&log, &topic, &["a", "b", "c"], Keep::new(1, HOUR)).await?;
    scene.advance(DAY);
    sweep_all(&log).await?;
    let got = read_after(&log, &topic, offsets.start).await?;
    scene.check(matches!(got, TopicRead::Gap { .. }), || {
        format!("two events after {:?} vanished with their topic: {}", offsets.start, brief(&got))
    });
    append(&log, &topic, &["d"], ALL).await?;
    for after in [before(&offsets), offsets.start] {
        let (seen, gap) = read_through(&log, &topic, after).await?;
        scene.check(gap, || format!("a reader at {after:?} was not told that events vanished"));
        scene.same("what it read then", &seen, &vec!["d".to_owned()]);
    }
    Ok(())
}

async fn an_event_after_the_tail_of_a_new_topic_is_never_missed(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    for _ in 0..3 {
        let (quiet, busy) = (topic(scene), topic(scene));
        let from = tail(&other, &quiet).await?;
        append(&log, &busy, &["noise"], ALL).await?;
        let (seen, _) = read_through(&other, &quiet, from).await?;
        scene.same("events of a topic that has none", &seen, &Vec::<String>::new());
        append(&log, &quiet, &["first"], ALL).await?;
        let (seen, _) = read_through(&other, &quiet, from).await?;
        scene.same("the first event after the tail", &seen, &vec!["first".to_owned()]);
    }
    Ok(())
}

async fn offsets_go_on_rising_when_a_topic_is_made_again(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let mut last = Offset(0);
    for round in 0..4 {
        let offsets = append(&log, &topic, &["a", "b"], Keep::new(1, HOUR)).await?;
        scene.check(round == 0 || offsets.start > last, || format!("{offsets:?} after {last:?}"));
        last = Offset(offsets.end.0 - 1);
        scene.advance(DAY);
        sweep_all(&log).await?;
    }
    Ok(())
}

async fn the_newest_so_many_are_kept_whatever_their_age(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let names: Vec<String> = (0..20).map(|index| index.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let offsets = append(&log, &topic, &names, Keep::new(5, Duration::ZERO)).await?;
    let kept = events_after(&log, &topic, Offset(offsets.end.0 - 6)).await?;
    scene.same("the newest 5 of 20", &texts(&kept), &names[15..].iter().map(ToString::to_string).collect());
    Ok(())
}

async fn the_young_are_kept_whatever_their_number(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let keep = Keep::new(1, Duration::from_secs(60));
    let first = append(&log, &topic, &["0"], keep).await?;
    for number in 1..30 {
        scene.advance(Duration::from_secs(2));
        append(&log, &topic, &[number.to_string().as_str()], keep).await?;
        log.sweep(Default::default()).await?;
    }
    let events = events_after(&log, &topic, first.start).await?;
    scene.same("events younger than a minute", &events.len(), &29);
    Ok(())
}

async fn topics_that_nobody_writes_disappear(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let offsets = append(&log, &topic, &["a", "b"], Keep::new(10, HOUR)).await?;
    scene.advance(DAY);
    let swept = log.sweep(Default::default()).await?;
    scene.check(swept.removed > 0, || format!("a topic idle for a day, kept for an hour: {swept:?}"));
    sweep_all(&log).await?;
    match read_after(&log, &topic, offsets.start).await? {
        TopicRead::Gap { oldest, .. } => scene.same("its oldest event", &oldest, &None),
        other => scene.violation(format!("a topic idle for a day is still there: {}", brief(&other))),
    }
    Ok(())
}
