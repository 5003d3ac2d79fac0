//! Listing, owners and names (T10, G7, G8, G9, G13).

use fastestmcp_core::ids::{Namespace, TaskId};
use fastestmcp_core::page::PageRequest;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{Part, TaskHead, Then};

use super::steps::{
    HOUR, MS, Tasks, claim, due_task, ids, insert, must_head, must_replace, record, replace, task, unheld,
};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::hostile;
use crate::scene::Scene;
use crate::walk::{exactly_once, hostile_positions, limit, only_own_rows, walk};

cases! { Task, "task.listing";
    "T10": newest_first_then_id_descending_by_any_limit,
    "T10": it_filters_by_status_and_owner,
    "G13": a_walk_survives_inserts,
    "G13": a_walk_survives_expiry_of_its_anchor,
    "G13": a_walk_survives_writes_and_claims,
    "G13": hostile_positions_show_nothing_foreign,
    "G9": an_owner_sees_exactly_its_own,
    "G9": wrong_owner_and_unknown_look_alike,
    "G7": specs_and_states_come_back_as_they_were_put,
    "G7": hostile_ids_are_distinct,
    "G8": namespaces_never_see_each_other,
    "G10": a_part_is_what_was_asked_for,
}

fn by(owner: &str) -> OwnerFilter {
    OwnerFilter::Is(Owner::new(owner))
}

async fn list(
    scene: &Scene,
    tasks: &Tasks,
    filter: &OwnerFilter,
    status: Option<u8>,
    rows: usize,
) -> Result<Vec<TaskHead>, Halt> {
    let page = async |page| tasks.list_tasks(filter, status, page).await;
    walk(scene, limit(rows)?, page, async |_| Ok(())).await
}

/// Tasks of one owner, several per millisecond, so that creation times tie.
async fn tied_tasks(scene: &Scene, tasks: &Tasks, owner: &str, count: usize) -> Result<Vec<TaskHead>, Halt> {
    let mut heads = Vec::new();
    for index in 0..count {
        let mut new = task(scene, "listing");
        new.owner = Owner::new(owner);
        heads.push(insert(tasks, new).await?);
        if index % 4 == 3 {
            scene.advance(MS);
        }
    }
    heads.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
    Ok(heads)
}

fn ids_of(heads: &[TaskHead]) -> Vec<TaskId> {
    heads.iter().map(|head| head.id.clone()).collect()
}

async fn newest_first_then_id_descending_by_any_limit(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for (owner, count) in [("none", 0), ("one", 1), ("many", 23)] {
        let heads = tied_tasks(scene, &tasks, owner, count).await?;
        for rows in [1, 2, 4, 7, 22, 23, 24, 1_000] {
            let seen = list(scene, &tasks, &by(owner), None, rows).await?;
            scene.same(&format!("{count} tasks walked by {rows}"), &ids_of(&seen), &ids_of(&heads));
            scene.check(seen == heads, || "a listed head differs from the stored one".to_owned());
        }
    }
    Ok(())
}

async fn it_filters_by_status_and_owner(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut heads = Vec::new();
    for index in 0..24_u8 {
        let mut new = task(scene, "listing");
        new.owner = Owner::new(if index % 2 == 0 { "a" } else { "b" });
        new.status = index % 3;
        heads.push(insert(&tasks, new).await?);
        scene.advance(MS);
    }
    let moved = replace(&heads[0].id, unheld(heads[0].version), 2, Then::Terminal { retain: HOUR });
    heads[0] = must_replace(&tasks, moved).await?;
    heads.reverse();
    for filter in [OwnerFilter::Any, by("a"), by("b"), by("c")] {
        for status in [None, Some(0), Some(1), Some(2), Some(3)] {
            let fits =
                |head: &&TaskHead| filter.admits(&head.owner) && status.is_none_or(|status| head.status == status);
            let wanted: Vec<_> = heads.iter().filter(fits).map(|head| head.id.clone()).collect();
            for rows in [1, 5, 100] {
                let seen = list(scene, &tasks, &filter, status, rows).await?;
                scene.same(&format!("{filter:?} with status {status:?} by {rows}"), &ids_of(&seen), &wanted);
            }
        }
    }
    Ok(())
}

async fn a_walk_survives_inserts(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    for rows in [1, 3, 10] {
        let owner = scene.name("owner");
        let heads = tied_tasks(scene, &tasks, &owner, 30).await?;
        let filter = by(&owner);
        let page = async |page| tasks.list_tasks(&filter, None, page).await;
        let between = async |_| {
            let mut new = task(scene, "listing");
            new.owner = Owner::new(owner.clone());
            insert(&other, new).await.map(drop)
        };
        let seen = walk(scene, limit(rows)?, page, between).await?;
        exactly_once(scene, &format!("while tasks are inserted, by {rows}"), ids_of(&seen), &ids_of(&heads));
    }
    Ok(())
}

async fn a_walk_survives_expiry_of_its_anchor(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for rows in [1, 3, 10] {
        let owner = scene.name("owner");
        let (mut kept, mut index) = (Vec::new(), 0_u32);
        for _ in 0..30 {
            let mut new = task(scene, "listing");
            new.owner = Owner::new(owner.clone());
            // Two of three expire while the walk is under way.
            new.ttl = (index % 3 != 0).then_some(HOUR);
            let head = insert(&tasks, new).await?;
            kept.extend((index % 3 == 0).then_some(head.id));
            index += 1;
        }
        let filter = by(&owner);
        let page = async |page| tasks.list_tasks(&filter, None, page).await;
        let between = async |number| {
            if number == 1 {
                scene.advance(HOUR);
                tasks.sweep(Default::default()).await?;
            }
            Ok(())
        };
        let seen = walk(scene, limit(rows)?, page, between).await?;
        exactly_once(scene, &format!("while tasks expire, by {rows}"), ids_of(&seen), &kept);
    }
    Ok(())
}

async fn a_walk_survives_writes_and_claims(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    for rows in [1, 3] {
        let owner = scene.name("owner");
        let heads = tied_tasks(scene, &tasks, &owner, 20).await?;
        let filter = by(&owner);
        let page = async |page| tasks.list_tasks(&filter, None, page).await;
        let between = async |number: usize| {
            claim(&other, "listing", 1).await?;
            let head = must_head(&other, &heads[number % heads.len()].id).await?;
            must_replace(&other, replace(&head.id, unheld(head.version), 9, Then::KeepLease)).await.map(drop)
        };
        let seen = walk(scene, limit(rows)?, page, between).await?;
        scene.same(&format!("walked by {rows} while written"), &ids_of(&seen), &ids_of(&heads));
    }
    Ok(())
}

async fn hostile_positions_show_nothing_foreign(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    tied_tasks(scene, &tasks, "mine", 12).await?;
    tied_tasks(scene, &tasks, "theirs", 12).await?;
    let small = limit(3)?;
    let mine = tasks.list_tasks(&by("mine"), None, PageRequest::first(small)).await?.value.next;
    let theirs = tasks.list_tasks(&by("theirs"), None, PageRequest::first(small)).await?.value.next;
    for position in hostile_positions(mine.as_ref()).into_iter().chain(theirs) {
        let got = tasks.list_tasks(&by("mine"), Some(0), PageRequest::after(small, position.clone())).await;
        only_own_rows(scene, &position, got, |head| head.owner == Owner::new("mine") && head.status == 0);
    }
    Ok(())
}

const OWNERS: [&str; 12] = [
    "us-east-1",
    "us-east-1:bob",
    "us-east-1:bob:",
    "US-EAST-1",
    "",
    "*",
    "%",
    "us%",
    "us_east-1",
    "us\0",
    "us",
    "us\n",
];

async fn an_owner_sees_exactly_its_own(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut inserted = Vec::new();
    for owner in OWNERS {
        let mut new = task(scene, "owned");
        new.owner = Owner::new(owner);
        inserted.push(insert(&tasks, new).await?);
    }
    let all = ids_of(&inserted);
    for (owner, head) in OWNERS.iter().zip(&inserted) {
        let listed = list(scene, &tasks, &by(owner), None, 100).await?;
        scene.same(&format!("listed for owner {owner:?}"), &ids_of(&listed), &vec![head.id.clone()]);
        let got = tasks.get(&all, &by(owner), Part::Head).await?.value;
        let got: Vec<_> = got.into_iter().flatten().map(|record| record.head.id).collect();
        scene.same(&format!("read by owner {owner:?}"), &got, &vec![head.id.clone()]);
    }
    scene.same("listed for anybody", &list(scene, &tasks, &OwnerFilter::Any, None, 5).await?.len(), &OWNERS.len());
    Ok(())
}

async fn wrong_owner_and_unknown_look_alike(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let head = due_task(scene, &tasks, "q").await?;
    let asked = [TaskId::new("never"), head.id.clone(), TaskId::new("never"), head.id.clone()];
    for part in [Part::Head, Part::State, Part::All] {
        let got = tasks.get(&asked, &by("stranger"), part).await?.value;
        scene.same("a stranger's read", &got, &vec![None; 4]);
        let got = tasks.get(&asked, &by("owner"), part).await?.value;
        let found: Vec<_> = got.iter().map(Option::is_some).collect();
        scene.same("the owner's read", &found, &vec![false, true, false, true]);
    }
    scene.same("a read of nothing", &tasks.get(&[], &OwnerFilter::Any, Part::All).await?.value, &vec![]);
    Ok(())
}

async fn specs_and_states_come_back_as_they_were_put(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    for (index, value) in hostile::values().into_iter().enumerate() {
        let mut new = task(scene, "fidelity");
        (new.spec, new.state) = (value.clone(), value.clone());
        let head = insert(&tasks, new).await?;
        let read = record(&other, &head.id).await?.map(|record| (record.spec, record.state));
        scene.same(&format!("spec and state {index}"), &read, &Some((Some(value.clone()), Some(value.clone()))));
        let mut asked = replace(&head.id, unheld(head.version), 1, Then::KeepLease);
        asked.state = [value.as_ref(), b"!"].concat().into();
        let state = asked.state.clone();
        must_replace(&tasks, asked).await?;
        let read = record(&other, &head.id).await?.and_then(|record| record.state);
        scene.same(&format!("state {index} after a write"), &read, &Some(state));
    }
    Ok(())
}

async fn hostile_ids_are_distinct(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut names = hostile::names();
    for name in &names {
        let mut new = task(scene, name);
        (new.id, new.owner) = (TaskId::new(name.clone()), Owner::new(name.clone()));
        (new.session, new.spec) = (Some(name.clone()), name.clone().into());
        insert(&tasks, new).await?;
    }
    for name in &names {
        let id = TaskId::new(name.clone());
        let read = record(&tasks, &id).await?;
        let spec = read.as_ref().and_then(|record| record.spec.clone());
        scene.same(&format!("the spec of {name:?}"), &spec, &Some(name.clone().into()));
        let session = read.and_then(|record| record.head.session);
        scene.same(&format!("the session of {name:?}"), &session.as_ref(), &Some(name));
        scene.same(
            &format!("listed for {name:?}"),
            &ids_of(&list(scene, &tasks, &by(name), None, 9).await?),
            &vec![id],
        );
    }
    // All of one moment: the order is that of the ids, byte by byte, from the last to the first.
    let listed = list(scene, &tasks, &OwnerFilter::Any, None, 7).await?;
    names.sort_by(|a, b| b.cmp(a));
    let listed: Vec<_> = listed.into_iter().map(|head| head.id.as_str().to_owned()).collect();
    scene.same("all ids, from the last to the first", &listed, &names);
    for name in &names {
        let claimed = claim(&tasks, name, 10).await?;
        scene.same(&format!("claimed from queue {name:?}"), &ids(&claimed), &vec![TaskId::new(name.clone())]);
    }
    Ok(())
}

async fn namespaces_never_see_each_other(scene: &Scene) -> CaseResult {
    let ours = scene.tasks(0).await?;
    let Some(name) = Namespace::new("another") else { return Ok(()) };
    let node = scene.cluster().node_in(&name, 0).await?;
    let theirs = node.tasks.ok_or_else(|| Halt::Harness("node_in gave no task backend".to_owned()))?;
    let mut new = task(scene, "shared queue");
    new.quota = Some(1);
    for tasks in [&ours, &theirs] {
        insert(tasks, new.clone()).await?;
    }
    for tasks in [&ours, &theirs] {
        scene.same("tasks listed", &list(scene, tasks, &OwnerFilter::Any, None, 10).await?.len(), &1);
        scene.same("tasks claimed", &ids(&claim(tasks, "shared queue", 10).await?), &vec![new.id.clone()]);
    }
    let only_theirs = due_task(scene, &theirs, "shared queue").await?;
    scene.same("theirs, read by us", &record(&ours, &only_theirs.id).await?, &None);
    scene.same("theirs, claimed by us", &ids(&claim(&ours, "shared queue", 10).await?), &vec![]);
    Ok(())
}

async fn a_part_is_what_was_asked_for(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let head = due_task(scene, &tasks, "q").await?;
    for (part, spec, state) in [(Part::Head, false, false), (Part::State, false, true), (Part::All, true, true)] {
        let got = tasks.get(std::slice::from_ref(&head.id), &OwnerFilter::Any, part).await?.value;
        let shape: Vec<_> = got.iter().flatten().map(|one| (one.spec.is_some(), one.state.is_some())).collect();
        scene.same(&format!("spec and state for {part:?}"), &shape, &vec![(spec, state)]);
    }
    Ok(())
}
