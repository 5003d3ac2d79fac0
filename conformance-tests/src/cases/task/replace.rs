//! Guarded writes and the four phases (T2, T3, T9).

use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{Guard, Part, ReplaceOutcome, TaskHead, Then, Token};

use super::steps::{
    HOUR, LEASE, MS, SECOND, claim, due_task, head, held_task, ids, insert, must_head, must_replace, queue, record,
    replace, task, unheld,
};
use crate::brief::brief;
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Task, "task.replace";
    "T2": it_raises_the_version_and_writes_status_and_state,
    "T2": it_leaves_the_spec_alone,
    "T2": keep_lease_keeps_due_time_and_holder,
    "T2": runnable_is_due_exactly_after_its_delay,
    "T2": waiting_is_due_exactly_when_it_gives_up,
    "T3": terminal_closes,
    "T3": a_closed_task_can_be_reopened_by_its_version_only,
    "T3": guards_are_checked_in_order,
    "T3": a_conflict_shows_head_and_state,
    "T3": of_two_writers_of_one_version_one_wins,
    "T9": an_expired_task_is_missing,
    "T9": terminal_extends_to_retain_and_never_shortens,
    "T9": an_outcome_ends_exactly_at_retain,
    "T9": ttl_counts_from_creation_and_nothing_else_moves_it,
    "G10": a_version_is_never_used_again,
}

async fn it_raises_the_version_and_writes_status_and_state(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let (_, held) = held_task(scene, &tasks).await?;
    let mut last = held.head.clone();
    for status in 1..6 {
        scene.advance(SECOND);
        let guard = Guard { version: last.version, token: Some(held.token) };
        let written = must_replace(&tasks, replace(&last.id, guard, status, Then::KeepLease)).await?;
        scene.check(written.version > last.version, || format!("{:?} after {:?}", written.version, last.version));
        let now = tasks.ping().await?;
        let expected = TaskHead { version: written.version, status, updated: now, ..last.clone() };
        scene.same("the head", &written, &expected);
        let read = record(&other, &last.id).await?;
        let state = read.as_ref().and_then(|record| record.state.clone());
        scene.same("the state on another node", &state, &Some(format!("state {status}").into()));
        scene.same("the head on another node", &read.map(|record| record.head), &Some(expected));
        last = written;
    }
    Ok(())
}

async fn it_leaves_the_spec_alone(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (_, held) = held_task(scene, &tasks).await?;
    must_replace(&tasks, held.replace(1, Then::Terminal { retain: HOUR })).await?;
    let spec = record(&tasks, &held.head.id).await?.and_then(|record| record.spec);
    scene.same("the spec", &spec, &Some("spec".into()));
    Ok(())
}

async fn keep_lease_keeps_due_time_and_holder(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (queue, held) = held_task(scene, &tasks).await?;
    scene.advance(LEASE / 2);
    let written = must_replace(&tasks, held.replace(1, Then::KeepLease)).await?;
    scene.same("due and lease", &(written.due, &written.lease), &(held.head.due, &held.head.lease));
    // Without a token: somebody else's write leaves the holder in place.
    let written = must_replace(&tasks, replace(&written.id, unheld(written.version), 2, Then::KeepLease)).await?;
    scene.same("due and lease", &(written.due, &written.lease), &(held.head.due, &held.head.lease));
    scene.same("claimed", &ids(&claim(&tasks, &queue, 1).await?), &vec![]);
    let mut later = task(scene, &queue);
    later.delay = HOUR;
    let queued = insert(&tasks, later).await?;
    let kept = must_replace(&tasks, replace(&queued.id, unheld(queued.version), 2, Then::KeepLease)).await?;
    scene.same("a queued task keeps its place", &(kept.due, kept.lease), &(queued.due, None));
    Ok(())
}

async fn runnable_is_due_exactly_after_its_delay(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for delay in [Duration::ZERO, MS, Duration::from_millis(2_500)] {
        let (queue, held) = held_task(scene, &tasks).await?;
        let written = must_replace(&tasks, held.replace(1, Then::Runnable { delay })).await?;
        let due = Some(tasks.ping().await?.after(delay));
        scene.same("open, due, lease", &(written.open, written.due, written.lease), &(true, due, None));
        if delay > Duration::ZERO {
            scene.advance(delay - MS);
            scene.same("claimed 1 ms early", &ids(&claim(&tasks, &queue, 1).await?), &vec![]);
            scene.advance(MS);
        }
        scene.same("claimed when due", &ids(&claim(&tasks, &queue, 1).await?), &vec![held.head.id]);
    }
    Ok(())
}

async fn waiting_is_due_exactly_when_it_gives_up(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let at_most = Duration::from_millis(2_500);
    let (queue, held) = held_task(scene, &tasks).await?;
    let written = must_replace(&tasks, held.replace(1, Then::Waiting { at_most: Some(at_most) })).await?;
    let due = Some(tasks.ping().await?.after(at_most));
    scene.same("open, due, lease", &(written.open, written.due, written.lease), &(true, due, None));
    scene.advance(at_most - MS);
    let early = claim(&tasks, &queue, 1).await?;
    scene.same("claimed 1 ms early, and next_due", &(ids(&early), early.next_due), &(vec![], Some(MS)));
    scene.advance(MS);
    scene.same("claimed when it gave up", &ids(&claim(&tasks, &queue, 1).await?), &vec![held.head.id]);
    let (queue, held) = held_task(scene, &tasks).await?;
    let waiting = must_replace(&tasks, held.replace(1, Then::Waiting { at_most: None })).await?;
    scene.same("open, due, lease", &(waiting.open, waiting.due, waiting.lease), &(true, None, None));
    let answered = replace(&held.head.id, unheld(waiting.version), 2, Then::Runnable { delay: Duration::ZERO });
    must_replace(&tasks, answered).await?;
    scene.same("claimed once answered", &ids(&claim(&tasks, &queue, 1).await?), &vec![held.head.id]);
    Ok(())
}

async fn terminal_closes(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (queue, held) = held_task(scene, &tasks).await?;
    let closed = must_replace(&tasks, held.replace(3, Then::Terminal { retain: HOUR })).await?;
    scene.same("open, due, lease", &(closed.open, closed.due, &closed.lease), &(false, None, &None));
    for guard in [held.guard(), Guard { version: closed.version, token: Some(held.token) }] {
        let outcome = tasks.replace(replace(&closed.id, guard, 4, Then::Terminal { retain: HOUR })).await?.value;
        scene.same("the holder's second write", &outcome, &ReplaceOutcome::LeaseLost);
    }
    let late = tasks.replace(replace(&closed.id, unheld(held.head.version), 4, Then::Terminal { retain: HOUR }));
    let late = late.await?.value;
    scene.check(matches!(late, ReplaceOutcome::Conflict(_)), || format!("a late cancel got {}", brief(&late)));
    scene.advance(LEASE * 2);
    scene.same("claimed", &ids(&claim(&tasks, &queue, 1).await?), &vec![]);
    scene.same("the outcome", &must_head(&tasks, &closed.id).await?, &closed);
    Ok(())
}

async fn a_closed_task_can_be_reopened_by_its_version_only(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (queue, held) = held_task(scene, &tasks).await?;
    let closed = must_replace(&tasks, held.replace(3, Then::Terminal { retain: HOUR })).await?;
    let kept = must_replace(&tasks, replace(&closed.id, unheld(closed.version), 4, Then::KeepLease)).await?;
    scene.same(
        "KeepLease on a closed task: open, due, lease",
        &(kept.open, kept.due, kept.lease),
        &(false, None, None),
    );
    let requeue = replace(&closed.id, unheld(kept.version), 0, Then::Runnable { delay: Duration::ZERO });
    let open = must_replace(&tasks, requeue).await?;
    scene.same("open after requeueing a dead letter", &open.open, &true);
    scene.same("claimed", &ids(&claim(&tasks, &queue, 1).await?), &vec![closed.id]);
    Ok(())
}

async fn guards_are_checked_in_order(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (_, held) = held_task(scene, &tasks).await?;
    let wrong_version = Version(held.head.version.0 + 1_000_000);
    let wrong_token = Token(held.token.0 + 1_000_000);
    let both = Guard { version: wrong_version, token: Some(wrong_token) };
    let missing = tasks.replace(replace(&TaskId::new("never"), both, 1, Then::KeepLease)).await?.value;
    scene.same("missing, before token and version", &missing, &ReplaceOutcome::Missing);
    let lost = tasks.replace(replace(&held.head.id, both, 1, Then::KeepLease)).await?.value;
    scene.same("token, before version", &lost, &ReplaceOutcome::LeaseLost);
    let right_token = Guard { version: wrong_version, token: Some(held.token) };
    for guard in [right_token, unheld(wrong_version), unheld(Version(held.head.version.0 - 1))] {
        let conflict = tasks.replace(replace(&held.head.id, guard, 1, Then::KeepLease)).await?.value;
        scene.check(matches!(conflict, ReplaceOutcome::Conflict(_)), || format!("version last: {}", brief(&conflict)));
    }
    let unheld_task = due_task(scene, &tasks, &queue(scene)).await?;
    let guard = Guard { version: unheld_task.version, token: Some(held.token) };
    let lost = tasks.replace(replace(&unheld_task.id, guard, 1, Then::KeepLease)).await?.value;
    scene.same("a token on a task that nobody holds", &lost, &ReplaceOutcome::LeaseLost);
    scene.same("the held task", &must_head(&tasks, &held.head.id).await?, &held.head);
    Ok(())
}

async fn a_conflict_shows_head_and_state(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (_, held) = held_task(scene, &tasks).await?;
    let now = must_replace(&tasks, held.replace(7, Then::KeepLease)).await?;
    match tasks.replace(held.replace(8, Then::KeepLease)).await?.value {
        ReplaceOutcome::Conflict(record) => {
            scene.same("the head in the conflict", &record.head, &now);
            scene.same("the state in the conflict", &record.state, &Some("state 7".into()));
        }
        other => scene.violation(format!("a conflict was due, got {}", brief(&other))),
    }
    Ok(())
}

async fn of_two_writers_of_one_version_one_wins(scene: &Scene) -> CaseResult {
    for _ in 0..scene.times(20) {
        let tasks = scene.tasks(0).await?;
        let (_, held) = held_task(scene, &tasks).await?;
        let mut racing = Vec::new();
        for writer in 0..4_u8 {
            // Half of them are the worker, half are strangers that cancel.
            let guard = if writer % 2 == 0 { held.guard() } else { unheld(held.head.version) };
            let request = replace(&held.head.id, guard, 10 + writer, Then::Terminal { retain: HOUR });
            let tasks = scene.tasks(usize::from(writer) % scene.nodes()).await?;
            racing.push(tokio::spawn(async move { tasks.replace(request).await }));
        }
        let mut winners = Vec::new();
        for one in racing {
            let outcome = one.await.map_err(|error| crate::halt::Halt::Wrong(error.to_string()))??.value;
            if let ReplaceOutcome::Replaced(head) = outcome {
                winners.push(*head);
            }
        }
        scene.same("winners of 4 terminal writes", &winners.len(), &1);
        scene.same("the outcome", &Some(&must_head(&tasks, &held.head.id).await?), &winners.first());
    }
    Ok(())
}

async fn an_expired_task_is_missing(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let queue = queue(scene);
    let mut mortal = task(scene, &queue);
    (mortal.ttl, mortal.delay) = (Some(HOUR), SECOND);
    let inserted = insert(&tasks, mortal).await?;
    scene.advance(HOUR - MS);
    for tasks in [&tasks, &other] {
        scene.check(head(tasks, &inserted.id).await?.is_some(), || "absent 1 ms before it expires".to_owned());
    }
    scene.advance(MS);
    for tasks in [&tasks, &other] {
        scene.same("the expired task", &record(tasks, &inserted.id).await?, &None);
        scene.same("claimed", &ids(&claim(tasks, &queue, 1).await?), &vec![]);
        let late = tasks.replace(replace(&inserted.id, unheld(inserted.version), 1, Then::Terminal { retain: HOUR }));
        scene.same("a write to it", &late.await?.value, &ReplaceOutcome::Missing);
        let any = fastestmcp_core::principal::OwnerFilter::Any;
        let listed = tasks.list_tasks(&any, None, Default::default()).await?.value.items;
        scene.same("listed", &listed, &vec![]);
        let head = tasks.get(std::slice::from_ref(&inserted.id), &any, Part::Head).await?.value;
        scene.same("its head", &head, &vec![None]);
    }
    Ok(())
}

async fn terminal_extends_to_retain_and_never_shortens(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for (ttl, retain) in [(Some(HOUR), HOUR * 2), (Some(HOUR * 2), HOUR), (Some(HOUR), HOUR), (None, HOUR)] {
        let mut new = task(scene, &queue(scene));
        new.ttl = ttl;
        let inserted = insert(&tasks, new).await?;
        scene.advance(MS * 5);
        let closing = replace(&inserted.id, unheld(inserted.version), 1, Then::Terminal { retain });
        let closed = must_replace(&tasks, closing).await?;
        let kept = tasks.ping().await?.after(retain);
        let wanted = inserted.expires.map(|expires| expires.max(kept));
        scene.same(&format!("expiry with ttl {ttl:?} and retain {retain:?}"), &closed.expires, &wanted);
    }
    Ok(())
}

async fn an_outcome_ends_exactly_at_retain(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut new = task(scene, &queue(scene));
    new.ttl = Some(SECOND);
    let inserted = insert(&tasks, new).await?;
    let retain = Duration::from_millis(90_500);
    let closing = replace(&inserted.id, unheld(inserted.version), 1, Then::Terminal { retain });
    must_replace(&tasks, closing).await?;
    scene.advance(retain - MS);
    scene.check(head(&tasks, &inserted.id).await?.is_some(), || "absent 1 ms before retain ends".to_owned());
    scene.advance(MS);
    scene.same("the outcome when retain ends", &head(&tasks, &inserted.id).await?, &None);
    Ok(())
}

async fn ttl_counts_from_creation_and_nothing_else_moves_it(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let queue = queue(scene);
    let mut new = task(scene, &queue);
    new.ttl = Some(HOUR);
    let inserted = insert(&tasks, new).await?;
    scene.advance(HOUR / 2);
    let held = super::steps::claim_one(&tasks, &queue).await?;
    tasks.renew(&[(held.head.id.clone(), held.token)], LEASE).await?;
    let kept = must_replace(&tasks, held.replace(1, Then::KeepLease)).await?;
    let waiting = replace(&kept.id, unheld(kept.version), 1, Then::Waiting { at_most: Some(HOUR * 9) });
    let waiting = must_replace(&tasks, waiting).await?;
    scene.same("expiry", &(held.head.expires, waiting.expires), &(inserted.expires, inserted.expires));
    scene.advance(HOUR / 2);
    scene.same("the task an hour after its creation", &head(&tasks, &inserted.id).await?, &None);
    Ok(())
}

async fn a_version_is_never_used_again(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let mut new = task(scene, &queue(scene));
    new.ttl = Some(SECOND);
    let mut last = Version(0);
    for _ in 0..4 {
        let inserted = insert(&tasks, new.clone()).await?;
        scene.check(inserted.version > last, || format!("{:?} after {last:?}", inserted.version));
        last = inserted.version;
        let kept = must_replace(&tasks, replace(&new.id, unheld(last), 1, Then::KeepLease)).await?;
        scene.check(kept.version > last, || format!("{:?} after {last:?}", kept.version));
        last = kept.version;
        scene.advance(SECOND);
        tasks.sweep(Default::default()).await?;
    }
    Ok(())
}
