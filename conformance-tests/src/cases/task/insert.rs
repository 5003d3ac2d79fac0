//! Submission: idempotency by id and by key, and the quota (T1, T14).

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::task::{Idempotency, InsertOutcome, NewTask, Then};

use super::steps::{
    HOUR, MS, Tasks, due_task, held_task, insert, must_head, must_replace, queue, record, replace, task, unheld,
};
use crate::brief::brief;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Task, "task.insert";
    "T1": it_is_readable_on_every_node_as_it_was_given,
    "T1": an_id_that_exists_is_answered_with_the_record,
    "T1": a_key_that_exists_is_answered_with_the_record,
    "T1": a_key_with_another_digest_is_refused,
    "T1": a_key_lives_as_long_as_its_task,
    "T1": id_then_key_then_quota,
    "T1": the_quota_counts_open_tasks_of_the_owner,
    "T1": the_quota_does_not_count_expired_tasks,
    "T1": a_quota_of_zero_lets_nothing_in,
    "T1": the_quota_is_exact_under_concurrency,
    "T1": one_of_many_concurrent_inserts_of_a_key_wins,
    "T1": one_of_many_concurrent_inserts_of_an_id_wins,
    "T1": any_byte_is_a_status,
    "G10": a_refused_insert_changes_nothing,
}

fn keyed(mut new: NewTask, key: &str, digest: &str) -> NewTask {
    new.idempotency = Some(Idempotency { key: key.to_owned(), digest: digest.to_owned() });
    new
}

async fn it_is_readable_on_every_node_as_it_was_given(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let mut new = keyed(task(scene, &queue(scene)), "key", "digest");
    (new.session, new.priority, new.status) = (Some("session".to_owned()), 9, 200);
    (new.delay, new.ttl) = (Duration::from_millis(7), Some(HOUR));
    let inserted = insert(&tasks, new.clone()).await?;
    let now = tasks.ping().await?;
    scene.same("id and owner", &(&inserted.id, &inserted.owner), &(&new.id, &new.owner));
    scene.same("session and queue", &(&inserted.session, &inserted.queue), &(&new.session, &new.queue));
    scene.same("priority and status", &(inserted.priority, inserted.status), &(9, 200));
    scene.same("created and updated", &(inserted.created, inserted.updated), &(now, now));
    let times = (Some(now.after(Duration::from_millis(7))), Some(now.after(HOUR)));
    scene.same("due and expires", &(inserted.due, inserted.expires), &times);
    let nobody = (inserted.open, inserted.lease.is_none(), inserted.claims);
    scene.same("open, unheld, claims", &nobody, &(true, true, 0));
    for tasks in [&tasks, &other] {
        let Some(read) = record(tasks, &new.id).await? else {
            scene.violation("an inserted task is not there");
            continue;
        };
        scene.same("the head read back", &read.head, &inserted);
        scene.same("spec and state", &(read.spec, read.state), &(Some(new.spec.clone()), Some(new.state.clone())));
    }
    let mut forever = task(scene, "q");
    forever.ttl = None;
    scene.same("a task without ttl", &insert(&tasks, forever).await?.expires, &None);
    Ok(())
}

async fn must_exist(scene: &Scene, tasks: &Tasks, new: NewTask, what: &str, id: &TaskId) -> CaseResult {
    let stored = record(tasks, id).await?;
    match tasks.insert(new).await?.value {
        InsertOutcome::Existing(found) => scene.same(what, &Some(*found), &stored),
        other => scene.violation(format!("{what}: the record that is there was due, got {}", brief(&other))),
    }
    Ok(())
}

async fn an_id_that_exists_is_answered_with_the_record(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let new = task(scene, &queue(scene));
    insert(&tasks, new.clone()).await?;
    must_exist(scene, &other, new.clone(), "the same insert again", &new.id).await?;
    let mut different = new.clone();
    (different.spec, different.status) = (Bytes::from_static(b"other"), 3);
    must_exist(scene, &tasks, different, "another insert of the id", &new.id).await?;
    let (_, held) = held_task(scene, &tasks).await?;
    must_replace(&tasks, held.replace(5, Then::Terminal { retain: HOUR })).await?;
    let mut again = new;
    again.id = held.head.id.clone();
    must_exist(scene, &tasks, again, "an insert of the id of a closed task", &held.head.id).await
}

async fn a_key_that_exists_is_answered_with_the_record(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let queue = queue(scene);
    let first = keyed(task(scene, &queue), "key", "digest");
    insert(&tasks, first.clone()).await?;
    let second = keyed(task(scene, &queue), "key", "digest");
    must_exist(scene, &other, second.clone(), "the same key and digest", &first.id).await?;
    scene.same("the second id", &record(&tasks, &second.id).await?, &None);
    for key in ["", "Key", "key ", "ke", "key\0", "key:", "%"] {
        insert(&tasks, keyed(task(scene, &queue), key, "digest")).await?;
    }
    Ok(())
}

async fn a_key_with_another_digest_is_refused(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    insert(&tasks, keyed(task(scene, &queue), "key", "digest")).await?;
    for digest in ["other", "", "DIGEST"] {
        let second = keyed(task(scene, &queue), "key", digest);
        let outcome = tasks.insert(second.clone()).await?.value;
        scene.same("another digest", &outcome, &InsertOutcome::KeyReused);
        scene.same("the refused task", &record(&tasks, &second.id).await?, &None);
    }
    Ok(())
}

async fn a_key_lives_as_long_as_its_task(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let mut first = keyed(task(scene, &queue), "key", "digest");
    first.ttl = Some(HOUR);
    let head = insert(&tasks, first.clone()).await?;
    scene.advance(HOUR - MS);
    must_exist(scene, &tasks, keyed(task(scene, &queue), "key", "digest"), "1 ms before the end", &first.id).await?;
    let closed = replace(&first.id, unheld(head.version), 1, Then::Terminal { retain: HOUR });
    must_replace(&tasks, closed).await?;
    scene.advance(HOUR - MS);
    must_exist(scene, &tasks, keyed(task(scene, &queue), "key", "digest"), "as long as the outcome", &first.id).await?;
    scene.advance(MS);
    insert(&tasks, keyed(task(scene, &queue), "key", "another digest")).await?;
    first.idempotency = None;
    insert(&tasks, first).await?;
    Ok(())
}

async fn id_then_key_then_quota(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let (a, b) = (keyed(task(scene, &queue), "a", "1"), keyed(task(scene, &queue), "b", "1"));
    insert(&tasks, a.clone()).await?;
    insert(&tasks, b.clone()).await?;
    let mut both = keyed(b.clone(), "a", "other digest");
    both.quota = Some(0);
    must_exist(scene, &tasks, both, "an id that exists, before key and quota", &b.id).await?;
    let mut key = keyed(task(scene, &queue), "a", "1");
    key.quota = Some(0);
    must_exist(scene, &tasks, key, "a key that exists, before the quota", &a.id).await?;
    let mut reused = keyed(task(scene, &queue), "a", "2");
    reused.quota = Some(0);
    scene.same("a key reused, before the quota", &tasks.insert(reused).await?.value, &InsertOutcome::KeyReused);
    Ok(())
}

fn limited(scene: &Scene, owner: &str, quota: u32) -> NewTask {
    let mut new = task(scene, "quota");
    (new.owner, new.quota) = (Owner::new(owner), Some(quota));
    new
}

async fn the_quota_counts_open_tasks_of_the_owner(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    // Owners that are prefixes of each other are different owners.
    for _ in 0..5 {
        insert(&tasks, limited(scene, "us-east-1:bob", 100)).await?;
    }
    let mut heads = Vec::new();
    for _ in 0..3 {
        heads.push(insert(&tasks, limited(scene, "us-east-1", 3)).await?);
    }
    let refused = tasks.insert(limited(scene, "us-east-1", 3)).await?.value;
    scene.same("the fourth of 3", &refused, &InsertOutcome::QuotaExceeded { open: 3 });
    let refused = tasks.insert(limited(scene, "us-east-1", 1)).await?.value;
    scene.same("a lower quota", &refused, &InsertOutcome::QuotaExceeded { open: 3 });
    let waiting = replace(&heads[0].id, unheld(heads[0].version), 1, Then::Waiting { at_most: None });
    let waiting = must_replace(&tasks, waiting).await?;
    let refused = tasks.insert(limited(scene, "us-east-1", 3)).await?.value;
    scene.same("with one waiting", &refused, &InsertOutcome::QuotaExceeded { open: 3 });
    let closed = replace(&waiting.id, unheld(waiting.version), 1, Then::Terminal { retain: HOUR });
    must_replace(&tasks, closed).await?;
    insert(&tasks, limited(scene, "us-east-1", 3)).await?;
    let mut unlimited = limited(scene, "us-east-1", 0);
    unlimited.quota = None;
    insert(&tasks, unlimited).await?;
    Ok(())
}

async fn the_quota_does_not_count_expired_tasks(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut mortal = limited(scene, "owner", 1);
    mortal.ttl = Some(HOUR);
    insert(&tasks, mortal).await?;
    scene.advance(HOUR - MS);
    let refused = tasks.insert(limited(scene, "owner", 1)).await?.value;
    scene.same("1 ms before the first expires", &refused, &InsertOutcome::QuotaExceeded { open: 1 });
    scene.advance(MS);
    insert(&tasks, limited(scene, "owner", 1)).await?;
    Ok(())
}

async fn a_quota_of_zero_lets_nothing_in(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let refused = tasks.insert(limited(scene, "owner", 0)).await?.value;
    scene.same("a quota of 0", &refused, &InsertOutcome::QuotaExceeded { open: 0 });
    Ok(())
}

/// Runs inserts from all nodes at once.
async fn race(scene: &Scene, inserts: Vec<NewTask>) -> Result<Vec<InsertOutcome>, Halt> {
    let mut racing = Vec::new();
    for (index, new) in inserts.into_iter().enumerate() {
        let tasks = scene.tasks(index % scene.nodes()).await?;
        racing.push(tokio::spawn(async move { tasks.insert(new).await }));
    }
    let mut outcomes = Vec::new();
    for one in racing {
        outcomes.push(one.await.map_err(|error| Halt::Wrong(format!("an insert panicked: {error}")))??.value);
    }
    Ok(outcomes)
}

fn inserted(outcomes: &[InsertOutcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, InsertOutcome::Inserted(_))).count()
}

async fn the_quota_is_exact_under_concurrency(scene: &Scene) -> CaseResult {
    for round in 0..scene.times(5) {
        let owner = format!("owner-{round}");
        let outcomes = race(scene, (0..24).map(|_| limited(scene, &owner, 10)).collect()).await?;
        scene.same("inserted of 24 under a quota of 10", &inserted(&outcomes), &10);
        let others = outcomes.iter().filter(|outcome| !matches!(outcome, InsertOutcome::Inserted(_)));
        for outcome in others {
            scene.same("a refused one", outcome, &InsertOutcome::QuotaExceeded { open: 10 });
        }
    }
    Ok(())
}

async fn one_of_many_concurrent_inserts_of_a_key_wins(scene: &Scene) -> CaseResult {
    for round in 0..scene.times(5) {
        let key = format!("key-{round}");
        let outcomes = race(scene, (0..12).map(|_| keyed(task(scene, "q"), &key, "digest")).collect()).await?;
        one_winner(scene, &outcomes);
    }
    Ok(())
}

async fn one_of_many_concurrent_inserts_of_an_id_wins(scene: &Scene) -> CaseResult {
    for _ in 0..scene.times(5) {
        let new = task(scene, "q");
        let outcomes = race(scene, vec![new; 12]).await?;
        one_winner(scene, &outcomes);
    }
    Ok(())
}

fn one_winner(scene: &Scene, outcomes: &[InsertOutcome]) {
    let heads: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            InsertOutcome::Inserted(head) => Some(head.as_ref()),
            InsertOutcome::Existing(record) => Some(&record.head),
            _ => None,
        })
        .collect();
    scene.same("winners of 12", &inserted(outcomes), &1);
    let agree = heads.len() == outcomes.len() && heads.windows(2).all(|pair| pair[0] == pair[1]);
    scene.check(agree, || format!("everybody should get the winner's record, got {}", brief(&outcomes)));
}

async fn any_byte_is_a_status(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for status in [0, 1, 127, 128, 255] {
        let mut new = task(scene, &queue(scene));
        new.status = status;
        let head = insert(&tasks, new).await?;
        let changed = !status;
        let written = must_replace(&tasks, replace(&head.id, unheld(head.version), changed, Then::KeepLease)).await?;
        scene.same("the status", &(head.status, written.status), &(status, changed));
    }
    Ok(())
}

async fn a_refused_insert_changes_nothing(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let head = due_task(scene, &tasks, &queue).await?;
    insert(&tasks, keyed(task(scene, "other"), "key", "digest")).await?;
    let mut refused = keyed(task(scene, &queue), "key", "another");
    tasks.insert(refused.clone()).await?;
    refused.idempotency = None;
    refused.quota = Some(1);
    tasks.insert(refused.clone()).await?;
    refused.id = head.id.clone();
    tasks.insert(refused).await?;
    scene.same("the first task", &must_head(&tasks, &head.id).await?, &head);
    let claimed = super::steps::claim(&tasks, &queue, 10).await?;
    scene.same("claimable tasks", &super::steps::ids(&claimed), &vec![head.id]);
    Ok(())
}
