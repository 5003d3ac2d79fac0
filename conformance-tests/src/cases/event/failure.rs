//! Crashes and dropped callers (G6, G11).

use bytes::Bytes;
use fastestmcp_core::event::TopicRead;

use super::steps::{ALL, append, events_after, read_after, texts, topic};
use crate::abandon::abandon;
use crate::case::{CaseResult, cases};
use crate::scene::{Scene, brief};

cases! { Event, "event.failure";
    "G6": a_dropped_append_is_wholly_applied_or_not,
    "G11" if durable: acknowledged_events_survive_a_crash,
    "E1" if durable: offsets_go_on_rising_after_a_crash,
}

async fn a_dropped_append_is_wholly_applied_or_not(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let first = append(&log, &topic, &["first"], ALL).await?;
    for round in 0..scene.times(40) {
        abandon(log.append(&topic, vec![Bytes::from(round.to_string()); 3], ALL), round % 8).await;
    }
    append(&log, &topic, &["last"], ALL).await?;
    // An append that lost its caller may still be on its way when the last one is answered, but each is whole.
    let mut seen = texts(&events_after(&log, &topic, first.start).await?);
    seen.retain(|text| text != "last");
    let whole = seen.chunks(3).all(|chunk| chunk.len() == 3 && chunk.iter().all(|text| *text == chunk[0]));
    scene.check(whole, || format!("appends of three left {}", brief(&seen)));
    Ok(())
}

async fn acknowledged_events_survive_a_crash(scene: &Scene) -> CaseResult {
    let topic = topic(scene);
    let first = append(&scene.events(0).await?, &topic, &["first"], ALL).await?;
    let mut wanted = Vec::new();
    for round in 0..4 {
        let text = round.to_string();
        append(&scene.events(0).await?, &topic, &[text.as_str()], ALL).await?;
        wanted.push(text);
        scene.cluster().crash().await?;
        scene.forget_nodes();
        match read_after(&scene.events(0).await?, &topic, first.start).await? {
            TopicRead::Events { items, .. } => {
                scene.same(&format!("events after crash {round}"), &texts(&items), &wanted);
            }
            gap => scene.violation(format!("after crash {round}: {}", brief(&gap))),
        }
    }
    Ok(())
}

async fn offsets_go_on_rising_after_a_crash(scene: &Scene) -> CaseResult {
    let topic = topic(scene);
    let mut end = None;
    for _ in 0..4 {
        let offsets = append(&scene.events(0).await?, &topic, &["a", "b"], ALL).await?;
        scene.check(Some(offsets.start) >= end, || format!("{offsets:?} after {end:?} and a crash"));
        end = Some(offsets.end);
        scene.cluster().crash().await?;
        scene.forget_nodes();
    }
    Ok(())
}
