//! Crashes and dropped callers (G6, G11).

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::event::{ReadFrom, TopicRead, Wake};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::steps::{ALL, append, events_after, read_after, texts, topic};
use crate::abandon::abandon;
use crate::brief::brief;
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Event, "event.failure";
    "G6": a_dropped_append_is_wholly_applied_or_not,
    "E3": a_listener_that_was_cut_off_hears_a_reset,
    "G11" if durable: acknowledged_events_survive_a_crash,
    "E1" if durable: offsets_go_on_rising_after_a_crash,
}

/// How long a connection may take to come back and say so.
const PATIENCE: Duration = Duration::from_secs(15);

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
    let all = seen.len();
    seen.retain(|text| text != "last");
    scene.same("how often the last event, which was acknowledged, is there", &(all - seen.len()), &1);
    let whole = seen.chunks(3).all(|chunk| chunk.len() == 3 && chunk.iter().all(|text| *text == chunk[0]));
    scene.check(whole, || format!("appends of three left {}", brief(&seen)));
    Ok(())
}

async fn a_listener_that_was_cut_off_hears_a_reset(scene: &Scene) -> CaseResult {
    let (log, cut) = (scene.events(0).await?, scene.events(1).await?);
    let topic = topic(scene);
    append(&log, &topic, &["first"], ALL).await?;
    let mut wakes = cut.listen().await?;
    scene.cluster().cut(1).await?;
    // The cut is felt: a wake-up sent now is lost, and the listener cannot know of which.
    let felt = cut.read(&[(topic, ReadFrom::Tail)], 1).await.is_err();
    scene.check(felt, || "an error was due on the cut node".to_owned());
    log.wake(&[scene.name("lost")]).await?;
    scene.cluster().heal(1).await?;
    let reset = async { while wakes.next().await.is_some_and(|wake| wake != Wake::Reset) {} };
    scene.check(timeout(PATIENCE, reset).await.is_ok(), || format!("no reset was heard within {PATIENCE:?}"));
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
