//! Who gets which task when (T2, T4).

use std::time::Duration;

use fastestmcp_core::task::Then;

use super::steps::{
    HOUR, LEASE, MS, SECOND, claim, claim_for, claim_one, due_task, held_task, ids, insert, must_head, must_replace,
    queue, record, task, unheld,
};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Task, "task.claim";
    "T2": it_raises_version_claims_and_token_and_sets_the_lease,
    "T2": it_returns_what_was_inserted,
    "T4": a_claimed_task_is_nobody_elses,
    "T4": the_order_is_priority_then_due_then_id,
    "T4": a_queue_gives_only_its_own_tasks,
    "T4": the_limit_holds,
    "T4": a_limit_of_zero_only_tells_what_is_due_next,
    "T4": a_delayed_task_is_due_exactly_after_its_delay,
    "T4": a_closed_or_waiting_task_is_never_claimed,
    "T4": next_due_is_never_late,
    "T4": next_due_is_none_without_schedule,
    "G10": tokens_rise_over_all_tasks,
}

async fn it_raises_version_claims_and_token_and_sets_the_lease(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let inserted = due_task(scene, &tasks, &queue).await?;
    let mut before = (inserted.version, None, 0);
    for round in 1..=3 {
        scene.advance(SECOND);
        let held = claim_one(&tasks, &queue).await?;
        let now = tasks.ping().await?;
        let head = &held.head;
        scene.check(head.version > before.0, || format!("version {:?} after {:?}", head.version, before.0));
        scene.check(Some(held.token) > before.1, || format!("token {:?} after {:?}", held.token, before.1));
        scene.same("claims", &head.claims, &round);
        scene.same("the end of the lease", &head.due, &Some(now.after(LEASE)));
        scene.same("the worker", &head.lease.as_ref().map(|lease| lease.worker.as_str()), &Some("worker"));
        scene.same("when it was updated", &head.updated, &inserted.updated);
        scene.same("the stored head", &must_head(&tasks, &head.id).await?, head);
        before = (head.version, Some(held.token), round);
        scene.advance(LEASE + SECOND * 2);
    }
    Ok(())
}

async fn it_returns_what_was_inserted(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let mut new = task(scene, &queue);
    (new.session, new.status, new.ttl) = (Some("session".to_owned()), 7, Some(HOUR));
    (new.spec, new.state) = (vec![0, 255, 10].into(), vec![].into());
    let inserted = insert(&tasks, new.clone()).await?;
    let claimed = claim(&tasks, &queue, 1).await?;
    let Some(claimed) = claimed.tasks.into_iter().next() else {
        scene.violation("a due task was not claimed");
        return Ok(());
    };
    scene.same("spec and state", &(claimed.spec, claimed.state), &(Some(new.spec), Some(new.state)));
    let mut expected = inserted;
    (expected.version, expected.claims) = (claimed.head.version, 1);
    (expected.due, expected.lease) = (claimed.head.due, claimed.head.lease.clone());
    scene.same("the rest of the head", &claimed.head, &expected);
    Ok(())
}

async fn a_claimed_task_is_nobody_elses(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let (queue, _) = held_task(scene, &tasks).await?;
    for tasks in [&tasks, &other] {
        scene.same("a second claim", &ids(&claim(tasks, &queue, 10).await?), &vec![]);
    }
    Ok(())
}

async fn the_order_is_priority_then_due_then_id(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let mut wanted = Vec::new();
    for (priority, delay) in [(0, 0), (5, 0), (9, 40), (5, 40), (9, 0), (5, 0), (0, 40), (9, 0), (3, 20), (5, 20)] {
        let mut new = task(scene, &queue);
        (new.priority, new.delay) = (priority, Duration::from_millis(delay));
        wanted.push((std::cmp::Reverse(priority), delay, new.id.clone()));
        insert(&tasks, new).await?;
    }
    wanted.sort();
    let wanted: Vec<_> = wanted.into_iter().map(|(.., id)| id).collect();
    scene.advance(SECOND * 2);
    let mut got = Vec::new();
    for limit in [1, 2, 3, 10] {
        got.extend(ids(&claim(&tasks, &queue, limit).await?));
    }
    scene.same("the order of claims, priority, then due, then id", &got, &wanted);
    Ok(())
}

async fn a_queue_gives_only_its_own_tasks(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let names = ["q", "q1", "Q", "q:", ":q", "", "q*", "*", "q%", "q_", "{q}", "q/", "q\n", "q\0"];
    for name in names {
        due_task(scene, &tasks, name).await?;
    }
    for name in names {
        let claimed = claim(&tasks, name, 10).await?;
        let queues: Vec<_> = claimed.tasks.iter().map(|record| record.head.queue.as_str()).collect();
        scene.same(&format!("the queues of tasks claimed from {name:?}"), &queues, &vec![name]);
    }
    let several = [queue(scene), queue(scene), queue(scene)];
    for name in &several {
        due_task(scene, &tasks, name).await?;
    }
    let claimed = claim_for(&tasks, &[&several[0], &several[2]], 10, LEASE).await?;
    let mut queues: Vec<_> = claimed.tasks.iter().map(|record| record.head.queue.clone()).collect();
    queues.sort();
    scene.same("a claim from two of three queues", &queues, &vec![several[0].clone(), several[2].clone()]);
    scene.same("a claim from no queue", &ids(&claim_for(&tasks, &[], 10, LEASE).await?), &vec![]);
    Ok(())
}

async fn the_limit_holds(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    for _ in 0..10 {
        due_task(scene, &tasks, &queue).await?;
    }
    scene.advance(SECOND);
    let mut sizes = Vec::new();
    for limit in [1, 3, 6, 6] {
        sizes.push(claim(&tasks, &queue, limit).await?.tasks.len());
    }
    scene.same("tasks got by claims of 1, 3, 6 and 6 of 10", &sizes, &vec![1, 3, 6, 0]);
    Ok(())
}

async fn a_limit_of_zero_only_tells_what_is_due_next(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let inserted = due_task(scene, &tasks, &queue).await?;
    let claimed = claim(&tasks, &queue, 0).await?;
    scene.same("tasks and next_due", &(ids(&claimed), claimed.next_due), &(vec![], Some(Duration::ZERO)));
    scene.same("the task afterwards", &must_head(&tasks, &inserted.id).await?, &inserted);
    Ok(())
}

async fn a_delayed_task_is_due_exactly_after_its_delay(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let queue = queue(scene);
    let mut new = task(scene, &queue);
    (new.delay, new.priority) = (Duration::from_millis(1_500), 9);
    let inserted = insert(&tasks, new).await?;
    scene.same("its due time", &inserted.due, &Some(tasks.ping().await?.after(Duration::from_millis(1_500))));
    scene.advance(Duration::from_millis(1_499));
    for tasks in [&tasks, &other] {
        let early = claim(tasks, &queue, 1).await?;
        scene.same("claimed 1 ms early", &(ids(&early), early.next_due), &(vec![], Some(MS)));
    }
    scene.advance(MS);
    scene.same("claimed when it is due", &ids(&claim(&other, &queue, 1).await?), &vec![inserted.id]);
    Ok(())
}

async fn a_closed_or_waiting_task_is_never_claimed(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for then in [Then::Terminal { retain: HOUR }, Then::Waiting { at_most: None }] {
        let (queue, held) = held_task(scene, &tasks).await?;
        must_replace(&tasks, held.replace(1, then)).await?;
        for _ in 0..3 {
            let claimed = claim(&tasks, &queue, 10).await?;
            scene.same(&format!("a claim after {then:?}"), &(ids(&claimed), claimed.next_due), &(vec![], None));
            scene.advance(LEASE * 2);
        }
        scene.check(record(&tasks, &held.head.id).await?.is_some(), || "the task is gone".to_owned());
    }
    Ok(())
}

async fn next_due_is_never_late(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    for delay in [40, 10, 20] {
        let mut new = task(scene, &queue);
        (new.delay, new.priority) = (Duration::from_secs(delay), u8::try_from(delay / 10).unwrap_or(9));
        insert(&tasks, new).await?;
    }
    scene.same("with nothing due", &claim(&tasks, &queue, 1).await?.next_due, &Some(SECOND * 10));
    scene.advance(SECOND * 20);
    scene.same("with another due now", &claim(&tasks, &queue, 1).await?.next_due, &Some(Duration::ZERO));
    // The task claimed above is due again when its lease ends, at 50 s; the last one at 40 s.
    scene.same("with the last one to come", &claim(&tasks, &queue, 1).await?.next_due, &Some(SECOND * 20));
    scene.advance(SECOND * 25);
    let due = claim(&tasks, &queue, 1).await?;
    scene.same("with only leases to wait for", &due.next_due, &Some(SECOND * 5));
    scene.same("claimed then", &due.tasks.len(), &1);
    Ok(())
}

async fn next_due_is_none_without_schedule(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    scene.same("in an empty queue", &claim(&tasks, &queue, 1).await?.next_due, &None);
    let mut mortal = task(scene, &queue);
    (mortal.delay, mortal.ttl) = (HOUR * 2, Some(HOUR));
    let inserted = insert(&tasks, mortal).await?;
    scene.advance(HOUR);
    let claimed = claim(&tasks, &queue, 1).await?;
    scene.same("with one expired task", &(ids(&claimed), claimed.next_due), &(vec![], None));
    scene.same("the expired task", &record(&tasks, &inserted.id).await?, &None);
    Ok(())
}

async fn tokens_rise_over_all_tasks(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let queue = queue(scene);
    let mut last = None;
    for round in 0..12 {
        let inserted = due_task(scene, &tasks, &queue).await?;
        let held = claim_one(if round % 2 == 0 { &tasks } else { &other }, &queue).await?;
        scene.check(Some(held.token) > last, || format!("token {:?} after {last:?}", held.token));
        scene.check(held.token.0 < 1 << 53, || format!("token {:?} is not below 2^53", held.token));
        last = Some(held.token);
        if round % 3 == 0 {
            must_replace(&tasks, held.replace(1, Then::Terminal { retain: MS })).await?;
        } else {
            let guard = unheld(held.head.version);
            must_replace(&tasks, super::steps::replace(&inserted.id, guard, 1, Then::Waiting { at_most: None }))
                .await?;
        }
        scene.advance(LEASE);
    }
    Ok(())
}
