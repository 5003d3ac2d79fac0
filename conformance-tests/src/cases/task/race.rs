//! Many workers and callers at once (T3, T4, T5, G10).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::task::{ClaimRequest, ReplaceOutcome, Then};

use super::steps::{HOUR, Held, LEASE, SECOND, due_task, held_task, must_head, queue, replace, unheld};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Task, "task.race";
    "T4": each_due_task_goes_to_exactly_one_of_many_claimers,
    "T5": each_expired_lease_goes_to_exactly_one_of_many_claimers,
    "T3": cancel_and_complete_have_one_outcome,
    "G10": the_counts_of_a_busy_queue_add_up,
}

/// Claims from 8 workers on all nodes until nothing is left; the holders by task.
async fn drain(scene: &Scene, queue: &str) -> Result<BTreeMap<TaskId, Vec<Held>>, Halt> {
    let mut workers = Vec::new();
    for worker in 0..8 {
        let tasks = scene.tasks(worker % scene.nodes()).await?;
        let request = ClaimRequest::new(vec![queue.to_owned()], format!("w{worker}"), 1 + worker % 3, LEASE);
        workers.push(tokio::spawn(async move {
            let mut got = Vec::new();
            loop {
                let claimed = tasks.claim(request.clone()).await?.value.tasks;
                if claimed.is_empty() {
                    return Ok::<_, Halt>(got);
                }
                for record in claimed {
                    got.push(Held::of(record)?);
                }
            }
        }));
    }
    let mut holders: BTreeMap<TaskId, Vec<Held>> = BTreeMap::new();
    for worker in workers {
        for held in worker.await.map_err(|error| Halt::Wrong(format!("a claim panicked: {error}")))?? {
            holders.entry(held.head.id.clone()).or_default().push(held);
        }
    }
    Ok(holders)
}

fn one_holder_each(scene: &Scene, holders: &BTreeMap<TaskId, Vec<Held>>, tasks: usize) {
    scene.same("tasks claimed", &holders.len(), &tasks);
    for (id, held) in holders {
        scene.check(held.len() == 1, || format!("{id} was claimed {} times at once: {held:?}", held.len()));
    }
    let tokens: BTreeSet<_> = holders.values().flatten().map(|held| held.token).collect();
    scene.same("distinct tokens", &tokens.len(), &holders.values().map(Vec::len).sum());
}

async fn each_due_task_goes_to_exactly_one_of_many_claimers(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let count = scene.times(60);
    for _ in 0..count {
        due_task(scene, &tasks, &queue).await?;
    }
    one_holder_each(scene, &drain(scene, &queue).await?, count);
    Ok(())
}

async fn each_expired_lease_goes_to_exactly_one_of_many_claimers(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let count = scene.times(40);
    for _ in 0..count {
        due_task(scene, &tasks, &queue).await?;
    }
    let first = drain(scene, &queue).await?;
    scene.advance(LEASE + SECOND * 2);
    let second = drain(scene, &queue).await?;
    one_holder_each(scene, &second, count);
    for (id, held) in &second {
        let before = first.get(id).and_then(|held| held.first()).map(|held| held.token);
        let rises = held.iter().all(|held| Some(held.token) > before);
        scene.check(rises, || format!("{id}: {held:?} after {before:?}"));
    }
    Ok(())
}

async fn cancel_and_complete_have_one_outcome(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for _ in 0..scene.times(30) {
        let (_, held) = held_task(scene, &tasks).await?;
        let (worker, canceller) = (scene.tasks(0).await?, scene.tasks(1).await?);
        let complete = held.replace(100, Then::Terminal { retain: HOUR });
        let completing = tokio::spawn(async move { worker.replace(complete).await });
        let (id, version) = (held.head.id.clone(), held.head.version);
        let cancelling = tokio::spawn(async move {
            // A canceller reads and retries until the task is closed, by whomever.
            let mut guard = unheld(version);
            loop {
                match canceller.replace(replace(&id, guard, 200, Then::Terminal { retain: HOUR })).await?.value {
                    ReplaceOutcome::Conflict(record) if record.head.open => guard = unheld(record.head.version),
                    outcome => return Ok::<_, Halt>(outcome),
                }
            }
        });
        let completed = completing.await.map_err(|error| Halt::Wrong(error.to_string()))??.value;
        let cancelled = cancelling.await.map_err(|error| Halt::Wrong(error.to_string()))??;
        let winners: Vec<_> = [&completed, &cancelled]
            .into_iter()
            .filter_map(|outcome| match outcome {
                ReplaceOutcome::Replaced(head) => Some(head.status),
                _ => None,
            })
            .collect();
        let status = must_head(&tasks, &held.head.id).await?.status;
        scene.same("winners of cancel against complete, and the status seen", &winners, &vec![status]);
    }
    Ok(())
}

/// Workers that finish, hand back or lose their leases: claims must equal what was handed out, and every task ends once.
async fn the_counts_of_a_busy_queue_add_up(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let count = scene.times(30);
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(due_task(scene, &tasks, &queue).await?.id);
    }
    let (mut handed_out, mut finished) = (BTreeMap::<TaskId, u32>::new(), BTreeMap::<TaskId, u32>::new());
    for _ in 0..50 {
        let holders = drain(scene, &queue).await?;
        let mut ending = Vec::new();
        for held in holders.into_values().flatten() {
            *handed_out.entry(held.head.id.clone()).or_default() += 1;
            let then = match scene.random.below(4) {
                0 => Then::Runnable { delay: Duration::ZERO },
                1 => continue,
                _ => Then::Terminal { retain: HOUR },
            };
            let tasks = scene.tasks(scene.random.below(scene.nodes())).await?;
            ending.push(tokio::spawn(async move {
                let outcome = tasks.replace(held.replace(1, then)).await?.value;
                Ok::<_, Halt>((held.head.id, then, outcome))
            }));
        }
        for one in ending {
            let (id, then, outcome) = one.await.map_err(|error| Halt::Wrong(error.to_string()))??;
            let applied = matches!(outcome, ReplaceOutcome::Replaced(_));
            scene.check(applied, || format!("the holder of {id} could not write: {outcome:?}"));
            if applied && matches!(then, Then::Terminal { .. }) {
                *finished.entry(id).or_default() += 1;
            }
        }
        if finished.len() == all.len() {
            break;
        }
        scene.advance(LEASE + SECOND * 2);
    }
    for id in &all {
        let head = must_head(&tasks, id).await?;
        scene.same(&format!("claims of {id}"), &Some(&head.claims), &handed_out.get(id));
        scene.same(&format!("ends of {id}"), &finished.get(id), &Some(&1));
        scene.check(!head.open, || format!("{id} is still open"));
    }
    Ok(())
}
