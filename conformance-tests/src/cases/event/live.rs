//! Concurrent appends and wake-ups (E1, E3, G10).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastestmcp_core::event::{Event, Offset, ReadFrom, TopicRead, Wake};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::steps::{ALL, Log, append, read, read_after, tail, topic};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Event, "event.live";
    "E1": a_reader_never_sees_an_event_appear_before_one_it_has_read,
    "E1": acknowledged_events_are_read_by_every_node,
    "E1": concurrent_appends_never_share_or_interleave_offsets,
    "E3": a_wake_up_reaches_listeners_on_every_node,
    "E3": any_name_is_a_channel,
    "E3": many_channels_at_once_are_all_heard,
}

/// Follows a topic from `after`, as a subscriber does, until there are no writers and nothing more to read.
async fn follow(log: Log, topic: String, mut after: Offset, writers: Arc<AtomicUsize>) -> Result<Vec<Event>, Halt> {
    let mut seen = Vec::new();
    loop {
        let finished = writers.load(Ordering::SeqCst) == 0;
        match read(&log, &topic, ReadFrom::After(after), 7).await? {
            TopicRead::Events { items, next } => {
                let ended = items.is_empty() && finished;
                seen.extend(items);
                after = next;
                if ended {
                    return Ok(seen);
                }
            }
            TopicRead::Gap { .. } => return Err(Halt::Wrong(format!("a gap after {after:?}, nothing was trimmed"))),
        }
        tokio::task::yield_now().await;
    }
}

async fn a_reader_never_sees_an_event_appear_before_one_it_has_read(scene: &Scene) -> CaseResult {
    let topic = topic(scene);
    append(&scene.events(0).await?, &topic, &["first"], ALL).await?;
    let from = tail(&scene.events(0).await?, &topic).await?;
    let (clients, rounds) = (6, scene.times(25));
    let writers = Arc::new(AtomicUsize::new(clients));
    let mut writing = Vec::new();
    for client in 0..clients {
        let (log, topic, writers) = (scene.events(client % scene.nodes()).await?, topic.clone(), writers.clone());
        writing.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for round in 0..rounds {
                let text = format!("{client}.{round}");
                let offsets = append(&log, &topic, &[text.as_str()], ALL).await;
                match offsets {
                    Ok(offsets) => acknowledged.push((offsets.start, text)),
                    Err(halt) => {
                        writers.fetch_sub(1, Ordering::SeqCst);
                        return Err(halt);
                    }
                }
            }
            writers.fetch_sub(1, Ordering::SeqCst);
            Ok(acknowledged)
        }));
    }
    let mut reading = Vec::new();
    for reader in 0..2 {
        let log = scene.events(reader % scene.nodes()).await?;
        reading.push(tokio::spawn(follow(log, topic.clone(), from, writers.clone())));
    }
    let mut acknowledged = Vec::new();
    for one in writing {
        acknowledged.extend(one.await.map_err(|error| Halt::Wrong(error.to_string()))??);
    }
    acknowledged.sort();
    for one in reading {
        let seen = one.await.map_err(|error| Halt::Wrong(error.to_string()))??;
        let seen: Vec<_> = seen
            .into_iter()
            .map(|event| (event.offset, String::from_utf8_lossy(&event.payload).into_owned()))
            .collect();
        scene.check(seen.is_sorted(), || "a reader saw offsets out of order".to_owned());
        let missed: Vec<_> = acknowledged.iter().filter(|event| !seen.contains(event)).take(5).collect();
        scene.check(missed.is_empty(), || format!("a reader that followed live missed {missed:?} and more"));
        scene.same("events seen live", &seen.len(), &acknowledged.len());
    }
    Ok(())
}

async fn acknowledged_events_are_read_by_every_node(scene: &Scene) -> CaseResult {
    let topic = topic(scene);
    append(&scene.events(0).await?, &topic, &["first"], ALL).await?;
    for round in 0..scene.times(20) {
        let writer = scene.events(round % scene.nodes()).await?;
        let offsets = append(&writer, &topic, &["a", "b"], ALL).await?;
        for reader in 0..scene.nodes() {
            let got = read_after(&scene.events(reader).await?, &topic, offsets.start).await?;
            let second = matches!(&got, TopicRead::Events { items, .. } if items.len() == 1);
            scene.check(second, || format!("node {reader} after {:?}: {got:?}", offsets.start));
        }
    }
    Ok(())
}

async fn concurrent_appends_never_share_or_interleave_offsets(scene: &Scene) -> CaseResult {
    let topic = topic(scene);
    let mut writing = Vec::new();
    for client in 0..8 {
        let (log, topic) = (scene.events(client % scene.nodes()).await?, topic.clone());
        let rounds = scene.times(8);
        writing.push(tokio::spawn(async move {
            let mut ranges = Vec::new();
            for _ in 0..rounds {
                let name = client.to_string();
                ranges.push((append(&log, &topic, &[name.as_str(); 3], ALL).await?, name));
            }
            Ok::<_, Halt>(ranges)
        }));
    }
    let mut ranges = Vec::new();
    for one in writing {
        ranges.extend(one.await.map_err(|error| Halt::Wrong(error.to_string()))??);
    }
    ranges.sort_by_key(|(range, _)| range.start);
    let overlaps = ranges.windows(2).filter(|pair| pair[1].0.start < pair[0].0.end);
    for pair in overlaps {
        scene.violation(format!("two appends share offsets: {:?} and {:?}", pair[0].0, pair[1].0));
    }
    let Some((first, _)) = ranges.first() else { return Ok(()) };
    let log = scene.events(0).await?;
    let stored = follow(log, topic, first.start, Arc::default()).await?;
    let got: Vec<_> = stored.into_iter().map(|event| (event.offset, event.payload)).collect();
    let each = |(range, name): &(std::ops::Range<Offset>, String)| {
        (range.start.0..range.end.0).map(|at| (Offset(at), bytes::Bytes::from(name.clone()))).collect::<Vec<_>>()
    };
    let wanted: Vec<_> = ranges.iter().flat_map(each).skip(1).collect();
    scene.check(got == wanted, || "the topic does not hold each append in one piece at its offsets".to_owned());
    Ok(())
}

/// Wakes `channels` from one node until they were all heard on another; a hint may be lost, but not every time.
async fn heard(scene: &Scene, from: usize, to: usize, channels: &[String]) -> Result<Vec<String>, Halt> {
    let (log, listener) = (scene.events(from).await?, scene.events(to).await?);
    let mut stream = listener.listen().await?;
    let mut missing: Vec<String> = channels.to_vec();
    for _ in 0..20 {
        log.wake(channels).await?;
        while let Ok(Some(wake)) = timeout(Duration::from_millis(100), stream.next()).await {
            match wake {
                Wake::Reset => {}
                Wake::Channel(channel) => missing.retain(|name| *name != channel),
            }
            if missing.is_empty() {
                return Ok(missing);
            }
        }
    }
    Ok(missing)
}

async fn a_wake_up_reaches_listeners_on_every_node(scene: &Scene) -> CaseResult {
    for (from, to) in [(0, 0), (0, 1), (1, 0)] {
        let channels = [scene.name("channel"), scene.name("channel")];
        let missing = heard(scene, from, to, &channels).await?;
        scene.same(&format!("sent 20 times by node {from}, never heard on node {to}"), &missing, &vec![]);
    }
    scene.events(0).await?.wake(&[]).await?;
    Ok(())
}

async fn any_name_is_a_channel(scene: &Scene) -> CaseResult {
    let names = crate::hostile::names();
    let missing = heard(scene, 0, 1, &names).await?;
    scene.same("never heard", &missing, &vec![]);
    Ok(())
}

/// More, and longer names, than backends put into one message.
async fn many_channels_at_once_are_all_heard(scene: &Scene) -> CaseResult {
    let most = scene.events(0).await?.guarantees().limits.max_batch.min(200);
    let channels: Vec<String> = (0..most).map(|_| format!("{}-{}", scene.name("channel"), "x".repeat(200))).collect();
    let missing = heard(scene, 0, 1, &channels).await?;
    scene.same("never heard", &missing, &vec![]);
    Ok(())
}
