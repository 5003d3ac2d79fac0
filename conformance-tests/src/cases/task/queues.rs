//! Claims from several queues, and claims that have no room for all that is due (T4, G12).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use fastestmcp_core::task::Then;

use super::steps::{HOUR, Held, LEASE, SECOND, claim, claim_for, ids, insert, must_head, must_replace, queue, task};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Task, "task.queues";
    "T4": several_are_one_order_by_priority_then_due_then_id,
    "T4": the_next_due_task_is_that_of_all_of_them,
    "T4": one_that_is_named_twice_is_claimed_once,
    "T4": what_a_claim_has_no_room_for_stays_due,
}

async fn several_are_one_order_by_priority_then_due_then_id(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queues = [queue(scene), queue(scene), queue(scene)];
    let mut wanted = Vec::new();
    // The last queue has what is due first; priorities and due times alternate over all of them.
    for index in 0..18_u64 {
        let mut new = task(scene, &queues[index as usize % 3]);
        new.priority = [5, 9, 0][index as usize / 3 % 3];
        new.delay = Duration::from_millis((index * 7 + (2 - index % 3) * 50) % 90);
        wanted.push((Reverse(new.priority), new.delay, new.id.clone()));
        insert(&tasks, new).await?;
    }
    wanted.sort();
    let wanted: Vec<_> = wanted.into_iter().map(|(.., id)| id).collect();
    scene.advance(SECOND * 2);
    let names: Vec<&str> = queues.iter().map(String::as_str).collect();
    let mut got = Vec::new();
    for limit in [1, 2, 4, 11] {
        got.extend(ids(&claim_for(&tasks, &names, limit, LEASE).await?));
    }
    scene.same("the order of claims from three queues", &got, &wanted);
    Ok(())
}

async fn the_next_due_task_is_that_of_all_of_them(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queues = [queue(scene), queue(scene), queue(scene)];
    for (name, seconds) in queues.iter().zip([30, 10, 20]) {
        let mut new = task(scene, name);
        new.delay = SECOND * seconds;
        insert(&tasks, new).await?;
    }
    let all: Vec<&str> = queues.iter().map(String::as_str).collect();
    for (names, seconds) in
        [(all.clone(), 10), (vec![all[0], all[2]], 20), (vec![all[2], all[0]], 20), (vec![all[0]], 30)]
    {
        let due = claim_for(&tasks, &names, 5, LEASE).await?.next_due;
        scene.same(&format!("the next task due in {names:?}"), &due, &Some(SECOND * seconds));
    }
    Ok(())
}

async fn one_that_is_named_twice_is_claimed_once(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (name, other) = (queue(scene), queue(scene));
    let mut wanted = Vec::new();
    for index in 0..6 {
        wanted.push(insert(&tasks, task(scene, if index == 3 { &other } else { &name })).await?.id);
        scene.advance(SECOND * 2);
    }
    let twice = [name.as_str(), other.as_str(), name.as_str()];
    let mut got = Vec::new();
    for limit in [2, 3, 10] {
        let claimed = claim_for(&tasks, &twice, limit, LEASE).await?;
        scene.check(claimed.tasks.len() <= limit, || format!("{} tasks for a limit of {limit}", claimed.tasks.len()));
        got.extend(ids(&claimed));
    }
    scene.same("claimed in all", &got, &wanted);
    for id in &wanted {
        scene.same(&format!("claims of {id}"), &must_head(&tasks, id).await?.claims, &1);
    }
    let next = claim_for(&tasks, &twice, 10, LEASE).await?;
    scene.same("claimed then, and the next that is due", &(ids(&next), next.next_due), &(vec![], Some(LEASE)));
    Ok(())
}

async fn what_a_claim_has_no_room_for_stays_due(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let limits = tasks.guarantees().limits;
    let name = queue(scene);
    let mut wanted = Vec::new();
    for index in 0..limits.max_batch_bytes / limits.max_value_bytes + 4 {
        let mut full = task(scene, &name);
        full.spec = vec![b'x'; limits.max_value_bytes].into();
        full.priority = if index % 2 == 0 { 5 } else { 4 };
        wanted.push((Reverse(full.priority), index, full.id.clone()));
        insert(&tasks, full).await?;
        scene.advance(SECOND * 2);
    }
    wanted.sort();
    let wanted: Vec<_> = wanted.into_iter().map(|(.., id)| id).collect();
    let (mut got, mut next_due) = (Vec::new(), BTreeMap::new());
    while got.len() < wanted.len() {
        let claimed = claim(&tasks, &name, 100).await?;
        let missing = wanted.len() - got.len() - claimed.tasks.len().min(wanted.len() - got.len());
        next_due.insert(missing, claimed.next_due);
        let empty = claimed.tasks.is_empty();
        got.extend(ids(&claimed));
        for record in claimed.tasks {
            let whole = record.spec.as_ref().map_or(0, |spec| spec.len()) == limits.max_value_bytes;
            scene.check(whole, || format!("{} came without its spec", record.head.id));
            scene.same("its claims", &record.head.claims, &1);
            let held = Held::of(record)?;
            must_replace(&tasks, held.replace(1, Then::Terminal { retain: HOUR })).await?;
        }
        if empty {
            break;
        }
    }
    scene.same("claimed one after the other", &got, &wanted);
    for (missing, due) in next_due {
        // The ends of the leases that it gave itself may count.
        let is_right = if missing > 0 { due == Some(Duration::ZERO) } else { due.is_none_or(|due| due >= LEASE) };
        scene.check(is_right, || format!("the next is due in {due:?} with {missing} left"));
    }
    Ok(())
}
