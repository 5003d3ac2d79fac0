//! Two namespaces of one database that use the same names for everything (G8).

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{Idempotency, InsertOutcome, NewTask, Renewed};

use super::steps::{HOUR, LEASE, SECOND, Tasks, claim, claim_one, due_task, ids, insert, record, renew_one, task};
use crate::broom::sweep_all;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::walk::{limit, walk};

cases! { Task, "task.namespace";
    "G8": an_idempotency_key_is_taken_in_its_own_only,
    "G8": a_quota_counts_the_tasks_of_its_own_only,
    "G8": a_list_by_owner_and_status_shows_its_own_only,
    "G8": a_claim_gets_and_announces_tasks_of_its_own_only,
    "G8": a_lease_is_renewed_in_its_own_only,
    "G8": a_sweep_removes_tasks_of_its_own_only,
}

async fn both(scene: &Scene) -> Result<(Tasks, Tasks), Halt> {
    let name = Namespace::new("another").ok_or_else(|| Halt::Harness("a short name is refused".to_owned()))?;
    let node = scene.cluster().node_in(&name, 0).await?;
    let theirs = node.tasks.ok_or_else(|| Halt::Harness("node_in gave no task backend".to_owned()))?;
    Ok((scene.tasks(0).await?, theirs))
}

fn keyed(scene: &Scene, digest: &str) -> NewTask {
    let mut new = task(scene, "q");
    new.idempotency = Some(Idempotency { key: "key".to_owned(), digest: digest.to_owned() });
    new
}

async fn an_idempotency_key_is_taken_in_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let (first, second) = (keyed(scene, "ours"), keyed(scene, "theirs"));
    insert(&ours, first.clone()).await?;
    insert(&theirs, second.clone()).await?;
    for (tasks, digest, holder) in [(&ours, "ours", &first), (&theirs, "theirs", &second)] {
        match tasks.insert(keyed(scene, digest)).await?.value {
            InsertOutcome::Existing(found) => scene.same("who has the key", &found.head.id, &holder.id),
            other => scene.violation(format!("the holder of the key was due, got {other:?}")),
        }
    }
    Ok(())
}

async fn a_quota_counts_the_tasks_of_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    for tasks in [&ours, &theirs] {
        for _ in 0..3 {
            let mut new = task(scene, "q");
            new.quota = Some(3);
            insert(tasks, new).await?;
        }
        let mut fourth = task(scene, "q");
        fourth.quota = Some(3);
        let refused = tasks.insert(fourth).await?.value;
        scene.same("the fourth of 3", &refused, &InsertOutcome::QuotaExceeded { open: 3 });
    }
    Ok(())
}

async fn a_list_by_owner_and_status_shows_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let mut inserted = Vec::new();
    for tasks in [&ours, &theirs] {
        let mut of_one = Vec::new();
        for _ in 0..5 {
            of_one.push(due_task(scene, tasks, "q").await?.id);
        }
        of_one.sort_by(|a, b| b.cmp(a));
        inserted.push(of_one);
    }
    let status = task(scene, "q").status;
    for (tasks, wanted) in [(&ours, &inserted[0]), (&theirs, &inserted[1])] {
        for filter in [OwnerFilter::Any, OwnerFilter::Is(Owner::new("owner"))] {
            for status in [None, Some(status)] {
                let page = async |page| tasks.list_tasks(&filter, status, page).await;
                let seen = walk(scene, limit(3)?, page, async |_| Ok(())).await?;
                let seen: Vec<_> = seen.into_iter().map(|head| head.id).collect();
                scene.same(&format!("listed for {filter:?} with status {status:?}"), &seen, wanted);
            }
        }
    }
    Ok(())
}

async fn a_claim_gets_and_announces_tasks_of_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let nothing = (vec![], None);
    let mut later = task(scene, "q");
    later.delay = SECOND * 10;
    insert(&ours, later.clone()).await?;
    let got = claim(&theirs, "q", 10).await?;
    scene.same("claimed and due next where nothing is", &(ids(&got), got.next_due), &nothing);
    scene.advance(SECOND * 10);
    let got = claim(&theirs, "q", 10).await?;
    scene.same("claimed and due next where nothing is", &(ids(&got), got.next_due), &nothing);
    scene.same("claimed where it is", &ids(&claim(&ours, "q", 10).await?), &vec![later.id]);
    Ok(())
}

async fn a_lease_is_renewed_in_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let new = task(scene, "q");
    for tasks in [&ours, &theirs] {
        insert(tasks, new.clone()).await?;
    }
    let held = claim_one(&ours, "q").await?;
    scene.same("a renewal in the other", &renew_one(&theirs, &new.id, held.token, LEASE).await?, &Renewed::Lost);
    let own = renew_one(&ours, &new.id, held.token, LEASE).await?;
    scene.check(matches!(own, Renewed::Held { .. }), || format!("a renewal in its own: {own:?}"));
    scene.same("claimed in the other", &ids(&claim(&theirs, "q", 10).await?), &vec![new.id]);
    Ok(())
}

async fn a_sweep_removes_tasks_of_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    for _ in 0..5 {
        let mut mortal = task(scene, "q");
        mortal.ttl = Some(HOUR);
        insert(&ours, mortal).await?;
    }
    let kept = due_task(scene, &theirs, "q").await?;
    scene.advance(HOUR);
    let budget = SweepBudget::default();
    scene.same("removed in the other", &sweep_all(scene, &theirs, budget).await?, &0);
    let removed = sweep_all(scene, &ours, budget).await?;
    scene.check(removed >= 5, || format!("{removed} removed of 5 in their own"));
    scene.check(record(&theirs, &kept.id).await?.is_some(), || "a task of the other is gone".to_owned());
    Ok(())
}
