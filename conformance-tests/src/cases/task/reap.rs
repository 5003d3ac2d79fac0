//! What a sweep of tasks leaves alone, what it leaves behind, and how far it goes (G14, T1).

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::task::{Idempotency, InsertOutcome, NewTask, Then};

use super::steps::{HOUR, MS, Tasks, claim, insert, must_replace, record, replace, task, unheld};
use crate::brief::brief;
use crate::broom::sweep_all;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Task, "task.reap";
    "G14": a_task_whose_life_its_outcome_extended_is_not_swept,
    "T1": a_key_stays_with_its_successor_when_its_expired_holder_is_swept,
    "T1": a_key_stays_with_its_successor_when_its_expired_holder_is_inserted_again,
    "G14": a_budget_of_one_row_removes_one_task_at_a_time,
    "G14": a_budget_of_one_byte_removes_one_task_at_a_time,
    "G14": nothing_is_left_of_tasks_that_expired,
}

async fn sweep(scene: &Scene, tasks: &Tasks) -> Result<u64, Halt> {
    sweep_all(scene, tasks, SweepBudget::default()).await
}

fn mortal(scene: &Scene) -> NewTask {
    let mut new = task(scene, "mortal");
    new.ttl = Some(HOUR);
    new
}

fn keyed(mut new: NewTask) -> NewTask {
    new.idempotency = Some(Idempotency { key: "key".to_owned(), digest: "digest".to_owned() });
    new
}

async fn a_task_whose_life_its_outcome_extended_is_not_swept(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let head = insert(&tasks, mortal(scene)).await?;
    scene.advance(HOUR / 2);
    let ended = replace(&head.id, unheld(head.version), 1, Then::Terminal { retain: HOUR });
    must_replace(&tasks, ended).await?;
    scene.advance(HOUR - MS);
    scene.same("removed while it is to be read", &sweep(scene, &tasks).await?, &0);
    let kept = record(&tasks, &head.id).await?;
    let whole = kept.is_some_and(|record| record.spec.is_some() && record.state.is_some());
    scene.check(whole, || "an outcome was swept that was to be kept".to_owned());
    scene.advance(MS);
    let removed = sweep(scene, &tasks).await?;
    scene.check(removed >= 1, || "nothing removed at its end".to_owned());
    Ok(())
}

/// The key has gone to a second task, since the first has expired.
async fn succeeded(scene: &Scene, tasks: &Tasks) -> Result<(NewTask, NewTask), Halt> {
    let (first, second) = (keyed(mortal(scene)), keyed(task(scene, "successor")));
    insert(tasks, first.clone()).await?;
    scene.advance(HOUR);
    insert(tasks, second.clone()).await?;
    Ok((first, second))
}

async fn key_is_with(scene: &Scene, tasks: &Tasks, holder: &NewTask) -> CaseResult {
    match tasks.insert(keyed(task(scene, "third"))).await?.value {
        InsertOutcome::Existing(found) => scene.same("who has the key", &found.head.id, &holder.id),
        other => scene.violation(format!("the holder of the key was due, got {}", brief(&other))),
    }
    Ok(())
}

async fn a_key_stays_with_its_successor_when_its_expired_holder_is_swept(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (_, second) = succeeded(scene, &tasks).await?;
    sweep(scene, &tasks).await?;
    key_is_with(scene, &tasks, &second).await
}

async fn a_key_stays_with_its_successor_when_its_expired_holder_is_inserted_again(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (mut first, second) = succeeded(scene, &tasks).await?;
    first.idempotency = None;
    insert(&tasks, first).await?;
    key_is_with(scene, &tasks, &second).await
}

async fn one_by_one(scene: &Scene, budget: SweepBudget) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for _ in 0..12 {
        insert(&tasks, mortal(scene)).await?;
    }
    scene.advance(HOUR);
    let mut removed = 0;
    for _ in 0..10_000 {
        let swept = tasks.sweep(budget).await?;
        removed += swept.removed;
        scene.check(swept.removed <= 1, || format!("{} removed under {budget:?}", swept.removed));
        if !swept.more {
            break;
        }
    }
    scene.check(removed >= 12, || format!("{removed} removed of 12 expired"));
    scene.same("left for another sweep", &sweep(scene, &tasks).await?, &0);
    Ok(())
}

async fn a_budget_of_one_row_removes_one_task_at_a_time(scene: &Scene) -> CaseResult {
    one_by_one(scene, SweepBudget { max_rows: 1, max_bytes: 1 << 20 }).await
}

async fn a_budget_of_one_byte_removes_one_task_at_a_time(scene: &Scene) -> CaseResult {
    one_by_one(scene, SweepBudget { max_rows: 1_000, max_bytes: 1 }).await
}

async fn nothing_is_left_of_tasks_that_expired(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut rows = Vec::new();
    for _ in 0..3 {
        for index in 0..10 {
            let mut new = mortal(scene);
            (new.priority, new.idempotency) = (index, keyed(mortal(scene)).idempotency);
            new.idempotency.iter_mut().for_each(|kept| kept.key = scene.name("key"));
            (new.spec, new.state) = (vec![b'x'; 3_000].into(), vec![b'y'; 3_000].into());
            let head = insert(&tasks, new).await?;
            if index % 3 == 0 {
                must_replace(&tasks, replace(&head.id, unheld(head.version), 1, Then::Terminal { retain: MS })).await?;
            }
        }
        claim(&tasks, "mortal", 3).await?;
        scene.advance(HOUR);
        sweep(scene, &tasks).await?;
        rows.push(scene.cluster().rows().await?);
    }
    scene.same("rows after 20 and 30 tasks, as after 10", &rows[1..].to_vec(), &vec![rows[0]; 2]);
    Ok(())
}
