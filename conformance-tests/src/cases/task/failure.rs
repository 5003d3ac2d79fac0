//! Crashes, injected faults, dropped callers (G4, G6, G11, T1, T14).

use std::collections::BTreeSet;
use std::slice;

use fastestmcp_core::error::Outcome;
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{ClaimRequest, InsertOutcome, Part, ReplaceOutcome, Then};

use super::steps::{
    HOUR, LEASE, SECOND, claim, due_task, held_task, ids, insert, must_head, must_replace, queue, record, task,
};
use crate::abandon::abandon;
use crate::again::again;
use crate::case::cases;
use crate::halt::CaseResult;
use crate::harness::Fault;
use crate::scene::Scene;

cases! { Task, "task.failure";
    "G6": a_dropped_insert_or_write_is_wholly_applied_or_not,
    "G6": a_dropped_claim_leaves_tasks_leased_at_most_until_the_lease_ends,
    "G11" if durable: acknowledged_tasks_survive_a_crash,
    "T5" if durable: a_lease_outlives_the_crash_of_its_worker,
    "T14": a_fault_before_the_store_inserts_nothing,
    "T14": an_insert_of_unknown_outcome_finds_itself,
    "G4": a_write_of_unknown_outcome_is_settled_by_its_version,
}

async fn a_dropped_insert_or_write_is_wholly_applied_or_not(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut inserted = Vec::new();
    for round in 0..scene.times(24) {
        let new = task(scene, "dropped");
        inserted.push(new.id.clone());
        abandon(tasks.insert(new), round % 8).await;
        let (_, held) = held_task(scene, &tasks).await?;
        abandon(tasks.replace(held.replace(9, Then::Terminal { retain: HOUR })), round % 8).await;
        // A write behind it: by then it was applied or never will be.
        due_task(scene, &tasks, "behind").await?;
        let Some(record) = record(&tasks, &held.head.id).await? else {
            scene.violation("a task vanished under a dropped write");
            continue;
        };
        let applied = (record.head.status == 9, !record.head.open, record.state == Some("state 9".into()));
        let whole = applied == (true, true, true) || applied == (false, false, false);
        scene.check(whole, || format!("status, phase and state written: {applied:?}"));
    }
    for id in inserted {
        if let Some(record) = record(&tasks, &id).await? {
            let whole = record.spec.is_some() && record.state.is_some() && record.head.open;
            scene.check(whole, || format!("a dropped insert left {record:?}"));
        }
    }
    Ok(())
}

async fn a_dropped_claim_leaves_tasks_leased_at_most_until_the_lease_ends(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let mut all = Vec::new();
    for _ in 0..12 {
        all.push(due_task(scene, &tasks, &queue).await?.id);
    }
    for polls in 0..6 {
        abandon(tasks.claim(ClaimRequest::new(vec![queue.clone()], "lost", 2, LEASE)), polls).await;
    }
    // A store may still be at work on what was dropped: what it leased meanwhile is due again a lease later.
    let mut claimed = BTreeSet::new();
    for _ in 0..100 {
        scene.advance(LEASE + SECOND * 2);
        claimed.extend(ids(&claim(&tasks, &queue, 100).await?));
        if claimed.len() == all.len() {
            break;
        }
        tokio::time::sleep(SECOND / 50).await;
    }
    scene.same("tasks claimed once all lost leases ended", &claimed, &all.into_iter().collect());
    Ok(())
}

async fn acknowledged_tasks_survive_a_crash(scene: &Scene) -> CaseResult {
    for round in 0..4 {
        let tasks = scene.tasks(0).await?;
        let (_, held) = held_task(scene, &tasks).await?;
        let closed = must_replace(&tasks, held.replace(7, Then::Terminal { retain: HOUR })).await?;
        let new = task(scene, "survivor");
        let inserted = insert(&tasks, new.clone()).await?;
        scene.cluster().crash().await?;
        scene.forget_nodes();
        let tasks = scene.tasks(0).await?;
        scene.same(&format!("an outcome after crash {round}"), &must_head(&tasks, &closed.id).await?, &closed);
        let Some(read) = record(&tasks, &inserted.id).await? else {
            scene.violation(format!("an acknowledged task is lost after crash {round}"));
            return Ok(());
        };
        scene.same("an acknowledged task", &(read.head, read.spec), &(inserted, Some(new.spec)));
    }
    Ok(())
}

async fn a_lease_outlives_the_crash_of_its_worker(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (queue, held) = held_task(scene, &tasks).await?;
    scene.advance(LEASE / 2);
    scene.cluster().crash().await?;
    scene.forget_nodes();
    let tasks = scene.tasks(0).await?;
    scene.same("claimed before the lease ends", &ids(&claim(&tasks, &queue, 1).await?), &vec![]);
    scene.advance(LEASE / 2 + SECOND * 2);
    let again = super::steps::claim_one(&tasks, &queue).await?;
    scene.check(again.token > held.token, || format!("token {:?} after {:?} and a crash", again.token, held.token));
    let late = tasks.replace(held.replace(1, Then::Terminal { retain: HOUR })).await?.value;
    scene.same("the old worker's write", &late, &ReplaceOutcome::LeaseLost);
    Ok(())
}

async fn a_fault_before_the_store_inserts_nothing(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let new = task(scene, "q");
    let outcomes = scene.lose_next(0).await?;
    let got = tasks.insert(new.clone()).await;
    let truthful = got.as_ref().is_err_and(|error| outcomes.contains(&error.outcome));
    scene.check(truthful, || format!("an error of outcome {outcomes:?} was due; got {got:?}"));
    let found = again(async || tasks.get(slice::from_ref(&new.id), &OwnerFilter::Any, Part::Head).await).await?.value;
    scene.same("the task", &found, &vec![None]);
    Ok(())
}

async fn an_insert_of_unknown_outcome_finds_itself(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let new = task(scene, "q");
    scene.cluster().inject(0, Fault::ExecuteThenTimeout).await?;
    let got = tasks.insert(new.clone()).await;
    let unknown = got.as_ref().is_err_and(|error| error.outcome == Outcome::Unknown);
    scene.check(unknown, || format!("an error of unknown outcome was due; got {got:?}"));
    let again = again(async || tasks.insert(new.clone()).await).await?.value;
    let found = matches!(&again, InsertOutcome::Existing(record) if record.head.id == new.id);
    scene.check(found || matches!(again, InsertOutcome::Inserted(_)), || format!("the repeat got {again:?}"));
    scene.same("tasks to claim", &ids(&claim(&tasks, "q", 10).await?), &vec![new.id]);
    Ok(())
}

async fn a_write_of_unknown_outcome_is_settled_by_its_version(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (_, held) = held_task(scene, &tasks).await?;
    let request = held.replace(7, Then::KeepLease);
    scene.cluster().inject(0, Fault::ExecuteThenTimeout).await?;
    let got = tasks.replace(request.clone()).await;
    let unknown = got.as_ref().is_err_and(|error| error.outcome == Outcome::Unknown);
    scene.check(unknown, || format!("an error of unknown outcome was due; got {got:?}"));
    let again = again(async || tasks.replace(request.clone()).await).await?.value;
    let settled = match &again {
        ReplaceOutcome::Replaced(head) => head.status == 7,
        ReplaceOutcome::Conflict(record) => record.state == Some("state 7".into()),
        _ => false,
    };
    scene.check(settled, || format!("the repeat should tell what became of the first: {again:?}"));
    Ok(())
}
