//! Bytes and sizes (G7, G8, G12).

use bytes::Bytes;
use fastestmcp_core::error::StoreErrorKind::{InvalidInput, TooLarge};
use fastestmcp_core::event::{Keep, Offset, ReadFrom, TopicRead};
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::limits::MAX_DURATION;

use super::steps::{ALL, HOUR, append, events_after, tail, texts, topic};
use crate::brief::brief;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::hostile;
use crate::refusal::refused;
use crate::scene::Scene;

cases! { Event, "event.limits";
    "G7": payloads_come_back_as_they_were_appended,
    "G7": hostile_topics_are_distinct,
    "G8": namespaces_never_see_each_other,
    "G12": a_payload_at_its_limit_fits_and_one_byte_more_does_not,
    "G12": an_append_at_its_limit_fits_and_one_more_does_not,
    "G7": a_topic_of_513_bytes_is_refused,
    "G12": a_read_at_its_limits_fits_and_one_more_does_not,
    "G12": an_answer_has_a_limit_of_bytes,
    "G4": an_append_of_nothing_is_invalid,
    "G4": an_age_above_100_years_is_invalid,
    "G4": a_maximum_of_no_bytes_or_above_2_to_the_53_is_invalid,
}

async fn payloads_come_back_as_they_were_appended(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let topic = topic(scene);
    let first = append(&log, &topic, &["first"], ALL).await?;
    let values = hostile::values();
    log.append(&topic, values.clone(), ALL).await?;
    let read: Vec<_> =
        events_after(&other, &topic, first.start).await?.into_iter().map(|event| event.payload).collect();
    scene.same("payloads", &read.len(), &values.len());
    for (index, (read, value)) in read.iter().zip(&values).enumerate() {
        scene.same(&format!("payload {index}"), read, value);
    }
    Ok(())
}

async fn hostile_topics_are_distinct(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let names = hostile::names();
    let mut starts = Vec::new();
    for name in &names {
        starts.push(append(&log, name, &["first", name], ALL).await?.start);
    }
    for (name, start) in names.iter().zip(starts) {
        let read = texts(&events_after(&log, name, start).await?);
        scene.same(&format!("events of {name:?}"), &read, &vec![name.clone()]);
    }
    Ok(())
}

async fn namespaces_never_see_each_other(scene: &Scene) -> CaseResult {
    let ours = scene.events(0).await?;
    let Some(name) = Namespace::new("another") else { return Ok(()) };
    let node = scene.cluster().node_in(&name, 0).await?;
    let theirs = node.events.ok_or_else(|| Halt::Harness("node_in gave no event log".to_owned()))?;
    let topic = topic(scene);
    let our_first = append(&ours, &topic, &["first"], ALL).await?;
    let their_first = append(&theirs, &topic, &["first"], ALL).await?;
    append(&theirs, &topic, &["theirs"], ALL).await?;
    append(&ours, &topic, &["ours"], ALL).await?;
    let read =
        (events_after(&ours, &topic, our_first.start).await?, events_after(&theirs, &topic, their_first.start).await?);
    let read = (texts(&read.0), texts(&read.1));
    scene.same("events of one topic in two namespaces", &read, &(vec!["ours".to_owned()], vec!["theirs".to_owned()]));
    Ok(())
}

async fn a_payload_at_its_limit_fits_and_one_byte_more_does_not(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let limit = log.guarantees().limits.max_value_bytes;
    let first = append(&log, &topic, &["first"], ALL).await?;
    log.append(&topic, vec![Bytes::from(vec![b'x'; limit])], ALL).await?;
    let large = vec![Bytes::from_static(b"small"), Bytes::from(vec![b'x'; limit + 1])];
    refused(scene, "one byte more", TooLarge, &log.append(&topic, large, ALL).await);
    let sizes: Vec<_> =
        events_after(&log, &topic, first.start).await?.iter().map(|event| event.payload.len()).collect();
    scene.same("the events afterwards", &sizes, &vec![limit]);
    Ok(())
}

async fn an_append_at_its_limit_fits_and_one_more_does_not(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let limit = log.guarantees().limits.max_batch;
    let full = log.append(&topic, vec![Bytes::from_static(b"x"); limit], ALL).await?.value;
    let more = log.append(&topic, vec![Bytes::from_static(b"x"); limit + 1], ALL).await;
    refused(scene, "one event more", TooLarge, &more);
    scene.same("the tail", &tail(&log, &topic).await?, &Offset(full.end.0 - 1));
    Ok(())
}

async fn a_topic_of_513_bytes_is_refused(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let got = log.append(&hostile::too_long(), vec![Bytes::from_static(b"x")], ALL).await;
    refused(scene, "a long topic", TooLarge, &got);
    Ok(())
}

async fn a_read_at_its_limits_fits_and_one_more_does_not(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let limit = log.guarantees().limits.max_batch;
    let topics: Vec<_> = (0..=limit).map(|index| (format!("topic{index}"), ReadFrom::Tail)).collect();
    scene.same("answers to a full read", &log.read(&topics[..limit], limit).await?.value.len(), &limit);
    refused(scene, "a read of one topic more", TooLarge, &log.read(&topics, 1).await);
    refused(scene, "a read of one event more", TooLarge, &log.read(&topics[..1], limit + 1).await);
    refused(scene, "a read of no events", InvalidInput, &log.read(&topics[..1], 0).await);
    let long = (hostile::too_long(), ReadFrom::Tail);
    refused(scene, "a read of a long topic", TooLarge, &log.read(&[long], 1).await);
    refused(scene, "a wake of a long channel", TooLarge, &log.wake(&[hostile::too_long()]).await);
    Ok(())
}

async fn an_answer_has_a_limit_of_bytes(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let limits = log.guarantees().limits;
    let count = limits.max_batch_bytes / limits.max_value_bytes + 3;
    let topics = [topic(scene), topic(scene)];
    let mut offsets = Vec::new();
    for topic in &topics {
        let mut starts = Vec::new();
        for _ in 0..count {
            starts.push(log.append(topic, vec![vec![b'x'; limits.max_value_bytes].into()], ALL).await?.value.start);
        }
        offsets.push(starts);
    }
    let mut from: Vec<_> =
        topics.iter().zip(&offsets).map(|(topic, starts)| (topic.clone(), starts[0].0 - 1)).collect();
    let mut seen: Vec<Vec<Offset>> = vec![Vec::new(); 2];
    for _ in 0..count * 2 {
        let asked: Vec<_> =
            from.iter().map(|(topic, after)| (topic.clone(), ReadFrom::After(Offset(*after)))).collect();
        let mut bytes = 0;
        for (index, answer) in log.read(&asked, 1_000).await?.value.into_iter().enumerate() {
            let TopicRead::Events { items, next } = answer else {
                return Err(Halt::Wrong(format!("events were due, got {}", brief(&answer))));
            };
            bytes += items.iter().map(|event| event.payload.len()).sum::<usize>();
            seen[index].extend(items.iter().map(|event| event.offset));
            from[index].1 = next.0;
        }
        // A backend may only see that an event is too much when it has it.
        let bounded = bytes <= limits.max_batch_bytes + limits.max_value_bytes;
        scene.check(bounded, || format!("an answer of {bytes} bytes"));
        if seen.iter().all(|seen| seen.len() >= count) {
            break;
        }
    }
    scene.same("the offsets of all answers", &seen, &offsets);
    Ok(())
}

async fn an_append_of_nothing_is_invalid(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    refused(scene, "no events", InvalidInput, &log.append(&topic(scene), vec![], ALL).await);
    Ok(())
}

async fn an_age_above_100_years_is_invalid(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    for age in [MAX_DURATION + HOUR, std::time::Duration::MAX] {
        let keep = Keep::new(1, age);
        let got = log.append(&topic(scene), vec![Bytes::from_static(b"x")], keep).await;
        refused(scene, "a long age", InvalidInput, &got);
    }
    Ok(())
}

async fn a_maximum_of_no_bytes_or_above_2_to_the_53_is_invalid(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    for bytes in [0, (1 << 53) + 1, u64::MAX] {
        let got = log.append(&topic, vec![Bytes::from_static(b"x")], ALL.max_bytes(bytes)).await;
        refused(scene, &format!("a maximum of {bytes} bytes"), InvalidInput, &got);
    }
    let first = append(&log, &topic, &["first", "x"], ALL.max_bytes(1 << 53)).await?.start;
    scene.same("events under the largest maximum", &events_after(&log, &topic, first).await?.len(), &1);
    Ok(())
}
