//! Records that cannot be read, and what their neighbours do not notice (G16).

use std::time::Duration;

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::error::StoreErrorKind::Corrupt;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{Claimed, InsertOutcome, Part, Renewed, TaskHead, Then};

use super::steps::{
    HOUR, Held, LEASE, MS, SECOND, Tasks, claim, claim_one, due_task, held_task, ids, insert, must_head, must_replace,
    queue, renew_one, replace, task, unheld,
};
use crate::brief::brief;
use crate::broom::sweep_all;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::harness::Damage;
use crate::refusal::refused;
use crate::scene::Scene;
use crate::walk::{limit, walk};

cases! { Task, "task.damage";
    "G16": a_claim_steps_over_it_and_names_it_once,
    "G16": a_claim_of_few_gets_past_many,
    "G16": next_due_is_that_of_its_neighbours,
    "G16": one_that_is_held_is_lost_and_named_when_its_lease_ends,
    "G16": who_asks_for_it_is_told_and_nobody_else,
    "G16": a_renewal_of_its_neighbours_holds,
    "G16": a_list_leaves_it_out_and_goes_on,
    "G16": the_quota_of_its_owner_stays_exact,
    "G16": a_sweep_goes_on_past_it,
}

async fn damage(scene: &Scene, id: &TaskId) -> CaseResult {
    Ok(scene.cluster().damage(&Damage::Task(id.clone())).await?)
}

/// Tasks due at once in this order, of which those with these indices are damaged: their ids and those of the others.
async fn due_tasks(
    scene: &Scene,
    tasks: &Tasks,
    queue: &str,
    count: usize,
    damaged: impl Fn(usize) -> bool,
) -> Result<(Vec<TaskId>, Vec<TaskId>), Halt> {
    let (mut broken, mut whole) = (Vec::new(), Vec::new());
    for index in 0..count {
        let head = due_task(scene, tasks, queue).await?;
        if damaged(index) {
            damage(scene, &head.id).await?;
            broken.push(head.id);
        } else {
            whole.push(head.id);
        }
        scene.advance(MS);
    }
    // The order is exact for what has been due for a second (T4).
    scene.advance(SECOND);
    Ok((broken, whole))
}

/// Claims until nothing is due any more, at most `rounds` times.
async fn claim_all(tasks: &Tasks, queue: &str, limit: usize, rounds: usize) -> Result<Claimed, Halt> {
    let mut all = Claimed::default();
    for _ in 0..rounds {
        let mut got = claim(tasks, queue, limit).await?;
        all.tasks.append(&mut got.tasks);
        all.damaged.append(&mut got.damaged);
        all.next_due = got.next_due;
        if got.next_due != Some(Duration::ZERO) {
            return Ok(all);
        }
    }
    Err(Halt::Wrong(format!("something was still due after {rounds} claims of {limit}: {}", brief(&all))))
}

fn sorted(mut ids: Vec<TaskId>) -> Vec<TaskId> {
    ids.sort();
    ids
}

async fn a_claim_steps_over_it_and_names_it_once(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    for first in [true, false] {
        let queue = queue(scene);
        let (broken, whole) =
            due_tasks(scene, &tasks, &queue, 7, |index| [3, 4].contains(&index) || (first && index == 0)).await?;
        let claimed = match tasks.claim(claim_request(&queue, 10)).await {
            Ok(claimed) => claimed.value,
            Err(error) => {
                scene.violation(format!("a claim that meets a damaged record fails: {error}"));
                claim(&tasks, &queue, 10).await.unwrap_or_default()
            }
        };
        scene.same("the neighbours, in order", &ids(&claimed), &whole);
        scene.same("what it names as damaged", &sorted(claimed.damaged.clone()), &sorted(broken));
        for record in &claimed.tasks {
            scene.same("the claims of a neighbour", &record.head.claims, &1);
            scene.check(record.spec.is_some() && record.state.is_some(), || {
                "a neighbour lacks spec or state".to_owned()
            });
        }
        for tasks in [&tasks, &other] {
            let again = claim(tasks, &queue, 10).await?;
            scene.same("a second claim, tasks and damage", &(ids(&again), again.damaged.clone()), &(vec![], vec![]));
            scene.check(again.next_due != Some(Duration::ZERO), || "something is still due".to_owned());
        }
        scene.advance(LEASE + SECOND * 2);
        let again = claim(&other, &queue, 10).await?;
        scene.same("the neighbours after their leases, in any order", &sorted(ids(&again)), &sorted(whole));
        scene.same("damage named after the leases", &again.damaged, &vec![]);
        for record in &again.tasks {
            scene.same("the claims of a neighbour that was redelivered", &record.head.claims, &2);
        }
    }
    Ok(())
}

fn claim_request(queue: &str, limit: usize) -> fastestmcp_core::task::ClaimRequest {
    fastestmcp_core::task::ClaimRequest::new(vec![queue.to_owned()], "worker", limit, LEASE)
}

async fn a_claim_of_few_gets_past_many(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let (broken, whole) = due_tasks(scene, &tasks, &queue, 44, |index| index < 40).await?;
    let claimed = claim_all(&tasks, &queue, 2, 50).await?;
    scene.same("the neighbours, in order", &ids(&claimed), &whole);
    scene.same("what was named as damaged", &sorted(claimed.damaged), &sorted(broken));
    for id in &whole {
        scene.same("the claims of a neighbour", &must_head(&tasks, id).await?.claims, &1);
    }
    Ok(())
}

async fn next_due_is_that_of_its_neighbours(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let broken = due_task(scene, &tasks, &queue).await?;
    damage(scene, &broken.id).await?;
    let mut later = task(scene, &queue);
    later.delay = SECOND * 10;
    let later = insert(&tasks, later).await?;
    let claimed = claim_all(&tasks, &queue, 10, 3).await?;
    scene.same("next_due beside a damaged record", &claimed.next_due, &Some(SECOND * 10));
    scene.same("what is damaged", &claimed.damaged, &vec![broken.id]);
    scene.advance(SECOND * 10);
    scene.same("claimed when it is due", &ids(&claim_all(&tasks, &queue, 10, 3).await?), &vec![later.id]);
    Ok(())
}

async fn one_that_is_held_is_lost_and_named_when_its_lease_ends(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (queue, held) = held_task(scene, &tasks).await?;
    damage(scene, &held.head.id).await?;
    scene.same("its renewal", &renew_one(&tasks, &held.head.id, held.token, LEASE).await?, &Renewed::Lost);
    let written = tasks.replace(held.replace(1, Then::Terminal { retain: HOUR })).await;
    refused(scene, "a write by its holder", Corrupt, &written);
    scene.advance(LEASE + SECOND * 2);
    let neighbour = due_task(scene, &tasks, &queue).await?;
    let claimed = claim_all(&tasks, &queue, 10, 3).await?;
    scene.same("claimed when its lease ended", &ids(&claimed), &vec![neighbour.id]);
    scene.same("what is damaged", &claimed.damaged, &vec![held.head.id]);
    Ok(())
}

async fn who_asks_for_it_is_told_and_nobody_else(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let whole = due_task(scene, &tasks, "q").await?;
    let broken = due_task(scene, &tasks, "q").await?;
    damage(scene, &broken.id).await?;
    for tasks in [&tasks, &other] {
        let one = std::slice::from_ref(&broken.id);
        refused(scene, "a get of it", Corrupt, &tasks.get(one, &OwnerFilter::Any, Part::All).await);
        let both = [whole.id.clone(), broken.id.clone()];
        refused(scene, "a get of it and another", Corrupt, &tasks.get(&both, &OwnerFilter::Any, Part::Head).await);
        let write = replace(&broken.id, unheld(broken.version), 1, Then::KeepLease);
        refused(scene, "a write to it", Corrupt, &tasks.replace(write).await);
        scene.same("its neighbour", &must_head(tasks, &whole.id).await?, &whole);
    }
    let mut same = task(scene, "q");
    same.id = broken.id.clone();
    refused(scene, "an insert of its id", Corrupt, &tasks.insert(same).await);
    must_replace(&tasks, replace(&whole.id, unheld(whole.version), 1, Then::KeepLease)).await?;
    due_task(scene, &tasks, "q").await?;
    Ok(())
}

async fn a_renewal_of_its_neighbours_holds(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut held: Vec<Held> = Vec::new();
    for _ in 0..5 {
        held.push(held_task(scene, &tasks).await?.1);
    }
    for index in [1, 4] {
        damage(scene, &held[index].head.id).await?;
    }
    scene.advance(SECOND);
    let until = tasks.ping().await?.after(LEASE);
    let leases: Vec<_> = held.iter().map(|held| (held.head.id.clone(), held.token)).collect();
    let renewed = match tasks.renew(&leases, LEASE).await {
        Ok(renewed) => renewed.value,
        Err(error) => {
            scene.violation(format!("a renewal that names a damaged record fails: {error}"));
            return Ok(());
        }
    };
    let kept = |index: usize| Renewed::Held { until, version: held[index].head.version };
    scene.same("the renewal", &renewed, &vec![kept(0), Renewed::Lost, kept(2), kept(3), Renewed::Lost]);
    for index in [0, 2, 3] {
        let due = must_head(&tasks, &held[index].head.id).await?.due;
        scene.same("the stored end of a neighbour's lease", &due, &Some(until));
    }
    Ok(())
}

async fn a_list_leaves_it_out_and_goes_on(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (mut whole, mut broken) = (Vec::new(), Vec::new());
    for index in 0..40 {
        let mut new = task(scene, "listing");
        new.owner = Owner::new(if index % 5 == 4 { "other" } else { "owner" });
        let head = insert(&tasks, new).await?;
        // The newest, the oldest, one in the middle and a run longer than a page of one may examine.
        if [0, 33, 39].contains(&index) || (10..26).contains(&index) {
            broken.push(head)
        } else {
            whole.push(head)
        }
        scene.advance(MS);
    }
    for head in &broken {
        damage(scene, &head.id).await?;
    }
    whole.reverse();
    let filters = [OwnerFilter::Any, OwnerFilter::Is(Owner::new("owner")), OwnerFilter::Is(Owner::new("other"))];
    for (filter, status) in filters.iter().flat_map(|filter| [(filter, None), (filter, Some(0))]) {
        let wanted: Vec<&TaskHead> = whole.iter().filter(|head| filter.admits(&head.owner)).collect();
        for rows in [1, 2, 7, 1_000] {
            let page = async |page| tasks.list_tasks(filter, status, page).await;
            let what = format!("{filter:?}, {status:?}, by {rows}");
            match walk(scene, limit(rows)?, page, async |_| Ok(())).await {
                Ok(seen) => scene.same(&what, &seen.iter().collect(), &wanted),
                Err(Halt::Store(error)) => scene.violation(format!("{what}: {error}")),
                Err(other) => return Err(other),
            }
        }
    }
    Ok(())
}

async fn the_quota_of_its_owner_stays_exact(scene: &Scene) -> CaseResult {
    const QUOTA: u32 = 6;
    let tasks = scene.tasks(0).await?;
    let limited = || {
        let mut new = task(scene, "q");
        new.quota = Some(QUOTA);
        new
    };
    let broken = insert(&tasks, limited()).await?;
    damage(scene, &broken.id).await?;
    let mut open = Vec::new();
    for _ in 0..QUOTA * 2 {
        match tasks.insert(limited()).await {
            Ok(answer) => match answer.value {
                InsertOutcome::Inserted(head) => open.push(*head),
                InsertOutcome::QuotaExceeded { open } => {
                    scene.same("open tasks of the owner", &open, &QUOTA);
                    break;
                }
                other => return Err(Halt::Wrong(format!("a fresh insert: {}", brief(&other)))),
            },
            Err(error) => {
                scene.violation(format!("an insert beside a damaged record fails: {error}"));
                return Ok(());
            }
        }
    }
    // Whether the damaged one counts is the backend's choice; it must not change its mind.
    let most = open.len();
    scene.check((QUOTA as usize - 1..=QUOTA as usize).contains(&most), || format!("{most} of {QUOTA} were let in"));
    for head in open.iter().take(2) {
        must_replace(&tasks, replace(&head.id, unheld(head.version), 1, Then::Terminal { retain: HOUR })).await?;
        insert(&tasks, limited()).await?;
        let one_more = tasks.insert(limited()).await?.value;
        let refused = matches!(one_more, InsertOutcome::QuotaExceeded { .. });
        scene.check(refused, || format!("one more than the quota: {}", brief(&one_more)));
    }
    let mut foreign = limited();
    foreign.owner = Owner::new("somebody else");
    insert(&tasks, foreign).await?;
    Ok(())
}

async fn a_sweep_goes_on_past_it(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (mut broken, mut whole) = (Vec::new(), Vec::new());
    for index in 0..12 {
        let mut mortal = task(scene, "q");
        mortal.ttl = Some(HOUR);
        let head = insert(&tasks, mortal).await?;
        if [0, 6, 11].contains(&index) { broken.push(head) } else { whole.push(head) }
    }
    let kept = due_task(scene, &tasks, "kept").await?;
    let undying = due_task(scene, &tasks, "broken").await?;
    for head in broken.iter().chain([&undying]) {
        damage(scene, &head.id).await?;
    }
    scene.advance(HOUR - MS);
    for budget in [SweepBudget::default(), SweepBudget { max_rows: 2, max_bytes: 1 << 20 }] {
        if let Err(Halt::Store(error)) = sweep_all(scene, &tasks, budget).await {
            scene.violation(format!("a sweep beside damaged records fails: {error}"));
            return Ok(());
        }
    }
    for head in &whole {
        scene.same("a neighbour 1 ms before it expires", &must_head(&tasks, &head.id).await?, head);
    }
    scene.advance(MS);
    let removed = sweep_all(scene, &tasks, SweepBudget { max_rows: 2, max_bytes: 1 << 20 }).await?;
    scene.check(removed >= whole.len() as u64, || format!("{removed} removed of {} expired", whole.len()));
    scene.same("a sweep of what is clean", &sweep_all(scene, &tasks, SweepBudget::default()).await?, &0);
    for head in broken.iter().chain(&whole) {
        let found = tasks.get(std::slice::from_ref(&head.id), &OwnerFilter::Any, Part::Head).await;
        let gone = found.as_ref().is_ok_and(|found| found.value == [None]);
        scene.check(gone, || format!("an expired task after the sweep: {}", brief(&found)));
    }
    scene.same("the task that lives", &must_head(&tasks, &kept.id).await?, &kept);
    scene.same("claimed afterwards", &claim_one(&tasks, "kept").await?.head.id, &kept.id);
    Ok(())
}
