//! Offsets and what a reader sees (E1).

use fastestmcp_core::event::{Offset, ReadFrom, TopicRead};

use super::steps::{ALL, append, before, events_after, read, read_after, tail, texts, topic};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Event, "event.order";
    "E1": offsets_of_one_append_are_consecutive_and_rise,
    "E1": what_was_appended_is_read_in_order_on_every_node,
    "E1": the_tail_is_after_everything_so_far,
    "E1": a_limited_read_goes_on_where_it_ended,
    "E1": several_topics_are_answered_in_order,
    "E1": topics_do_not_mix,
}

async fn offsets_of_one_append_are_consecutive_and_rise(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let topic = topic(scene);
    let mut end = None;
    for round in 0..6 {
        let offsets = append(if round % 2 == 0 { &log } else { &other }, &topic, &["a", "b", "c"], ALL).await?;
        scene.check(Some(offsets.start) >= end, || format!("{offsets:?} after an append that ended at {end:?}"));
        scene.check(offsets.end.0 < 1 << 53, || format!("{offsets:?} is not below 2^53"));
        end = Some(offsets.end);
    }
    Ok(())
}

async fn what_was_appended_is_read_in_order_on_every_node(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let topic = topic(scene);
    let first = append(&log, &topic, &["1", "2"], ALL).await?;
    let second = append(&other, &topic, &["3"], ALL).await?;
    let offsets = [first.start, Offset(first.start.0 + 1), second.start];
    for log in [&log, &other] {
        let mut events = vec![];
        // From the first offset on; what lies before it is another case's business.
        events.extend(events_after(log, &topic, first.start).await?);
        scene.same("payloads", &texts(&events), &vec!["2".to_owned(), "3".to_owned()]);
        let got: Vec<_> = events.iter().map(|event| event.offset).collect();
        scene.same("offsets", &got, &offsets[1..].to_vec());
    }
    Ok(())
}

async fn the_tail_is_after_everything_so_far(scene: &Scene) -> CaseResult {
    let (log, other) = (scene.events(0).await?, scene.events(1).await?);
    let topic = topic(scene);
    append(&log, &topic, &["old"], ALL).await?;
    let from = tail(&other, &topic).await?;
    scene.same("events after the tail", &events_after(&log, &topic, from).await?, &vec![]);
    append(&log, &topic, &["new"], ALL).await?;
    let events = events_after(&other, &topic, from).await?;
    scene.same("events after the old tail", &texts(&events), &vec!["new".to_owned()]);
    Ok(())
}

async fn a_limited_read_goes_on_where_it_ended(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let topic = topic(scene);
    let names: Vec<String> = (0..23).map(|index| index.to_string()).collect();
    let names_ref: Vec<&str> = names.iter().map(String::as_str).collect();
    let offsets = append(&log, &topic, &names_ref, ALL).await?;
    for limit in [1, 5, 22, 23, 1_000] {
        let (mut after, mut seen) = (offsets.start, vec![names[0].clone()]);
        for _ in 0..40 {
            let TopicRead::Events { items, next } = read(&log, &topic, ReadFrom::After(after), limit).await? else {
                scene.violation(format!("a gap after {after:?} where nothing was trimmed"));
                break;
            };
            scene.check(items.len() <= limit, || format!("{} events for a limit of {limit}", items.len()));
            if items.is_empty() {
                scene.same("the offset to go on from, at the end", &next, &after);
                break;
            }
            seen.extend(texts(&items));
            after = next;
        }
        scene.same(&format!("everything read by {limit}"), &seen, &names);
    }
    Ok(())
}

async fn several_topics_are_answered_in_order(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let (a, b, never) = (topic(scene), topic(scene), topic(scene));
    let of_a = append(&log, &a, &["a1", "a2"], ALL).await?;
    let of_b = append(&log, &b, &["b1", "b2"], ALL).await?;
    let asked = [
        (b.clone(), ReadFrom::After(of_b.start)),
        (never, ReadFrom::Tail),
        (a.clone(), ReadFrom::Tail),
        (a.clone(), ReadFrom::After(of_a.start)),
    ];
    let answers = log.read(&asked, 10).await?.value;
    let shapes: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            TopicRead::Events { items, .. } => texts(items).join(","),
            TopicRead::Gap { .. } => "gap".to_owned(),
        })
        .collect();
    scene.same("one answer per topic, in order", &shapes, &["b2", "", "", "a2"].map(String::from).to_vec());
    scene.same("no topics", &log.read(&[], 10).await?.value, &vec![]);
    Ok(())
}

async fn topics_do_not_mix(scene: &Scene) -> CaseResult {
    let log = scene.events(0).await?;
    let names = ["t", "t:", "t::a", "T", "", ":", "*", "t*", "%", "t%", "t_", "{t}", "t/", "/t", "t\n", "t\0", "t\0a"];
    let mut offsets = Vec::new();
    for name in names {
        offsets.push(append(&log, name, &["first", name], ALL).await?);
    }
    for (name, offsets) in names.into_iter().zip(offsets) {
        let events = texts(&events_after(&log, name, offsets.start).await?);
        scene.same(&format!("events of {name:?}"), &events, &vec![name.to_owned()]);
        if let TopicRead::Events { items, .. } = read_after(&log, name, before(&offsets)).await? {
            scene.same(&format!("events of {name:?} from the start"), &items.len(), &2);
        }
    }
    Ok(())
}
