//! Sizes and spans at, below and above their limits (G4, G7, G12).

use std::time::Duration;

use fastestmcp_core::error::StoreErrorKind::{InvalidInput, TooLarge};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::limits::MAX_DURATION;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{ClaimRequest, Idempotency, NewTask, Part, Then, Token};

use super::steps::{LEASE, MS, due_task, held_task, insert, must_head, must_replace, record, replace, task, unheld};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::hostile;
use crate::refusal::refused;
use crate::scene::Scene;

cases! { Task, "task.limits";
    "G12": a_spec_or_state_at_its_limit_fits_and_one_byte_more_does_not,
    "G12": batches_have_a_limit,
    "G12": an_answer_has_a_limit_of_bytes,
    "G7": a_name_of_513_bytes_is_refused,
    "G4": a_priority_above_9_is_invalid,
    "G4": spans_out_of_range_are_invalid,
    "G1": any_duration_from_1_ms_to_100_years_is_exact,
}

async fn a_spec_or_state_at_its_limit_fits_and_one_byte_more_does_not(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let limit = tasks.guarantees().limits.max_value_bytes;
    let mut full = task(scene, "q");
    (full.spec, full.state) = (vec![b'x'; limit].into(), vec![b'y'; limit].into());
    let head = insert(&tasks, full.clone()).await?;
    let read = record(&tasks, &head.id).await?.map(|record| (record.spec, record.state));
    scene.check(read == Some((Some(full.spec), Some(full.state))), || {
        "a full spec or state came back changed".to_owned()
    });
    for large in ["spec", "state"] {
        let mut new = task(scene, "q");
        let value = vec![b'z'; limit + 1].into();
        if large == "spec" {
            new.spec = value
        } else {
            new.state = value
        }
        let id = new.id.clone();
        refused(scene, &format!("an insert with a large {large}"), TooLarge, &tasks.insert(new).await);
        scene.same("the refused task", &record(&tasks, &id).await?, &None);
    }
    let mut write = replace(&head.id, unheld(head.version), 1, Then::KeepLease);
    write.state = vec![b'z'; limit + 1].into();
    refused(scene, "a large state", TooLarge, &tasks.replace(write).await);
    scene.same("the head afterwards", &must_head(&tasks, &head.id).await?, &head);
    Ok(())
}

async fn batches_have_a_limit(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let limit = tasks.guarantees().limits.max_batch;
    let ids: Vec<_> = (0..=limit).map(|index| TaskId::new(format!("id{index}"))).collect();
    let got = tasks.get(&ids[..limit], &OwnerFilter::Any, Part::Head).await?.value.len();
    scene.same("answers to a full get", &got, &limit);
    refused(scene, "a get of one more", TooLarge, &tasks.get(&ids, &OwnerFilter::Any, Part::Head).await);
    let claim = |count: usize| ClaimRequest::new(vec!["q".to_owned()], "w", count, LEASE);
    tasks.claim(claim(limit)).await?;
    refused(scene, "a claim of one more", TooLarge, &tasks.claim(claim(limit + 1)).await);
    let many = (0..=limit).map(|index| format!("q{index}")).collect();
    refused(scene, "a claim of many queues", TooLarge, &tasks.claim(ClaimRequest::new(many, "w", 1, LEASE)).await);
    let leases: Vec<_> = ids.into_iter().map(|id| (id, Token(1))).collect();
    scene.same("answers to a full renewal", &tasks.renew(&leases[..limit], LEASE).await?.value.len(), &limit);
    refused(scene, "a renewal of one more", TooLarge, &tasks.renew(&leases, LEASE).await);
    Ok(())
}

async fn an_answer_has_a_limit_of_bytes(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let limits = tasks.guarantees().limits;
    let most = limits.max_batch_bytes / limits.max_value_bytes / 2;
    let mut ids = Vec::new();
    for _ in 0..most * 2 + 1 {
        let mut full = task(scene, "q");
        (full.spec, full.state) =
            (vec![b'x'; limits.max_value_bytes].into(), vec![b'y'; limits.max_value_bytes].into());
        ids.push(insert(&tasks, full).await?.id);
    }
    let got = tasks.get(&ids[..most], &OwnerFilter::Any, Part::All).await?.value;
    scene.check(got.iter().all(Option::is_some), || "a get at the limit lacks records".to_owned());
    refused(scene, "one record more", TooLarge, &tasks.get(&ids[..=most], &OwnerFilter::Any, Part::All).await);
    let states = tasks.get(&ids[..most * 2], &OwnerFilter::Any, Part::State).await?.value.len();
    scene.same("answers with the states of as many bytes", &states, &(most * 2));
    scene.same("heads", &tasks.get(&ids, &OwnerFilter::Any, Part::Head).await?.value.len(), &ids.len());
    scene.advance(super::steps::SECOND);
    let mut claimed = 0;
    for _ in 0..ids.len() {
        let records = tasks.claim(ClaimRequest::new(vec!["q".to_owned()], "w", 10, LEASE)).await?.value.tasks;
        let bytes: usize = records.len() * limits.max_value_bytes * 2;
        // A backend may only see that a record is too much when it has it.
        let bounded = bytes <= limits.max_batch_bytes + limits.max_value_bytes * 2;
        scene.check(bounded, || format!("a claim of {bytes} bytes"));
        claimed += records.len();
    }
    scene.same("tasks claimed in all", &claimed, &ids.len());
    Ok(())
}

async fn a_name_of_513_bytes_is_refused(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let long = hostile::too_long;
    type Change = (&'static str, fn(&mut NewTask, String));
    let changes: [Change; 5] = [
        ("id", |new, long| new.id = TaskId::new(long)),
        ("owner", |new, long| new.owner = Owner::new(long)),
        ("queue", |new, long| new.queue = long),
        ("session", |new, long| new.session = Some(long)),
        ("key", |new, long| new.idempotency = Some(Idempotency { key: long, digest: "d".to_owned() })),
    ];
    for (what, change) in changes {
        let mut new = task(scene, "q");
        change(&mut new, long());
        refused(scene, &format!("an insert with a long {what}"), TooLarge, &tasks.insert(new).await);
    }
    let worker = ClaimRequest::new(vec!["q".to_owned()], long(), 1, LEASE);
    refused(scene, "a long worker", TooLarge, &tasks.claim(worker).await);
    refused(scene, "a long queue", TooLarge, &tasks.claim(ClaimRequest::new(vec![long()], "w", 1, LEASE)).await);
    let id = TaskId::new(long());
    let got = tasks.get(std::slice::from_ref(&id), &OwnerFilter::Any, Part::Head).await;
    refused(scene, "a get of a long id", TooLarge, &got);
    refused(scene, "a renewal of a long id", TooLarge, &tasks.renew(&[(id, Token(1))], LEASE).await);
    Ok(())
}

async fn a_priority_above_9_is_invalid(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for priority in [10, 255] {
        let mut new = task(scene, "q");
        new.priority = priority;
        refused(scene, "a priority above 9", InvalidInput, &tasks.insert(new).await);
    }
    Ok(())
}

async fn spans_out_of_range_are_invalid(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let too_long = [MAX_DURATION + MS, Duration::MAX];
    for span in too_long.into_iter().chain([Duration::ZERO]) {
        let mut new = task(scene, "q");
        new.ttl = Some(span);
        refused(scene, &format!("a ttl of {span:?}"), InvalidInput, &tasks.insert(new).await);
        let claim = ClaimRequest::new(vec!["q".to_owned()], "w", 1, span);
        refused(scene, &format!("a lease of {span:?}"), InvalidInput, &tasks.claim(claim).await);
        let (_, held) = held_task(scene, &tasks).await?;
        let renewed = tasks.renew(&[(held.head.id.clone(), held.token)], span).await;
        refused(scene, &format!("a renewal of {span:?}"), InvalidInput, &renewed);
    }
    for span in too_long {
        let mut new = task(scene, "q");
        new.delay = span;
        refused(scene, &format!("a delay of {span:?}"), InvalidInput, &tasks.insert(new).await);
        let head = due_task(scene, &tasks, "q").await?;
        let phases =
            [Then::Runnable { delay: span }, Then::Waiting { at_most: Some(span) }, Then::Terminal { retain: span }];
        for then in phases {
            let got = tasks.replace(replace(&head.id, unheld(head.version), 1, then)).await;
            refused(scene, &format!("{then:?}"), InvalidInput, &got);
        }
    }
    Ok(())
}

async fn any_duration_from_1_ms_to_100_years_is_exact(scene: &Scene) -> CaseResult {
    for span in [MS, MS * 999, MS * 1_500, Duration::from_millis((1 << 32) + 1_234), MAX_DURATION] {
        let scene = scene.another().await?;
        let tasks = scene.tasks(0).await?;
        let mut mortal = task(&scene, "mortal");
        mortal.ttl = Some(span);
        let mortal = insert(&tasks, mortal).await?;
        let mut delayed = task(&scene, "delayed");
        delayed.delay = span;
        let delayed = insert(&tasks, delayed).await?;
        let (_, held) = held_task(&scene, &tasks).await?;
        tasks.renew(&[(held.head.id.clone(), held.token)], span).await?;
        let closing = due_task(&scene, &tasks, "closing").await?;
        let mut short = task(&scene, "closing");
        short.ttl = Some(MS);
        let short = insert(&tasks, short).await?;
        let closing = must_replace(
            &tasks,
            replace(&closing.id, unheld(closing.version), 1, Then::Waiting { at_most: Some(span) }),
        )
        .await?;
        let closed =
            must_replace(&tasks, replace(&short.id, unheld(short.version), 1, Then::Terminal { retain: span })).await?;
        let at = Some(tasks.ping().await?.after(span));
        let until = must_head(&tasks, &held.head.id).await?.due;
        let deadlines = (mortal.expires, delayed.due, until, closing.due, closed.expires);
        scene.same(&format!("deadlines after {span:?}"), &deadlines, &(at, at, at, at, at));
        scene.advance(span - MS);
        let there = async |head: &fastestmcp_core::task::TaskHead| {
            Ok::<_, crate::halt::Halt>(record(&tasks, &head.id).await?.is_some())
        };
        scene.same(
            &format!("there 1 ms before {span:?}"),
            &(there(&mortal).await?, there(&closed).await?),
            &(true, true),
        );
        scene.advance(MS);
        scene.same(&format!("there after {span:?}"), &(there(&mortal).await?, there(&closed).await?), &(false, false));
    }
    Ok(())
}
