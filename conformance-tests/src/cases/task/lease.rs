//! Leases, renewal and fencing (T2, T4, T5).

use fastestmcp_core::task::{Guard, Renewed, ReplaceOutcome, Then, Token};

use super::steps::{
    HOUR, LEASE, MS, SECOND, claim, claim_one, held_task, ids, insert, must_head, must_replace, record, renew_one,
    replace, task, unheld,
};
use crate::brief::brief;
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Task, "task.lease";
    "T5": it_never_ends_early_and_its_task_is_due_by_itself,
    "T5": a_renewed_lease_counts_from_the_renewal,
    "T2": a_renewal_changes_only_the_end_of_the_lease,
    "T2": a_renewal_tells_that_somebody_wrote,
    "T2": a_renewal_is_lost_without_the_lease,
    "T2": renewals_are_answered_in_order,
    "T4": stale_token_rejected,
    "T4": stale_holder_cannot_hand_back,
    "T3": the_newest_holder_may_finish_after_its_lease_end,
    "T3": a_lease_past_its_end_can_be_renewed_until_reclaimed,
    "T3": a_lease_past_its_end_stays_shown_until_reclaimed,
}

async fn it_never_ends_early_and_its_task_is_due_by_itself(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let (queue, held) = held_task(scene, &tasks).await?;
    scene.advance(LEASE - MS);
    for tasks in [&tasks, &other] {
        let early = claim(tasks, &queue, 1).await?;
        scene.same("claimed 1 ms before the lease ends", &ids(&early), &vec![]);
    }
    scene.advance(MS + SECOND * 2);
    let again = claim_one(&other, &queue).await?;
    scene.same("the task claimed 2 s after the lease ended", &again.head.id, &held.head.id);
    scene.check(again.token > held.token, || format!("token {:?} after {:?}", again.token, held.token));
    scene.same("its claims", &again.head.claims, &2);
    Ok(())
}

async fn a_renewed_lease_counts_from_the_renewal(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (queue, held) = held_task(scene, &tasks).await?;
    for _ in 0..4 {
        scene.advance(LEASE - MS);
        let renewed = renew_one(&tasks, &held.head.id, held.token, LEASE).await?;
        let until = tasks.ping().await?.after(LEASE);
        scene.same("the renewal", &renewed, &Renewed::Held { until, version: held.head.version });
        scene.same("the stored end", &must_head(&tasks, &held.head.id).await?.due, &Some(until));
    }
    scene.advance(LEASE - MS);
    scene.same("claimed before the renewed lease ends", &ids(&claim(&tasks, &queue, 1).await?), &vec![]);
    scene.advance(MS + SECOND * 2);
    scene.same("claimed after it", &ids(&claim(&tasks, &queue, 1).await?), &vec![held.head.id]);
    Ok(())
}

async fn a_renewal_changes_only_the_end_of_the_lease(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (_, held) = held_task(scene, &tasks).await?;
    let mut before = record(&tasks, &held.head.id).await?;
    scene.advance(SECOND);
    renew_one(&tasks, &held.head.id, held.token, LEASE).await?;
    let until = tasks.ping().await?.after(LEASE);
    if let Some(record) = &mut before {
        record.head.due = Some(until);
    }
    scene.same("the record after a renewal", &record(&tasks, &held.head.id).await?, &before);
    // A holder that renews in the background must not lose its own write to that.
    must_replace(&tasks, held.replace(1, Then::KeepLease)).await?;
    Ok(())
}

async fn a_renewal_tells_that_somebody_wrote(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (_, held) = held_task(scene, &tasks).await?;
    let asked = replace(&held.head.id, unheld(held.head.version), 4, Then::KeepLease);
    let written = must_replace(&tasks, asked).await?;
    let until = tasks.ping().await?.after(LEASE);
    let renewed = renew_one(&tasks, &held.head.id, held.token, LEASE).await?;
    scene.same("the renewal after another's write", &renewed, &Renewed::Held { until, version: written.version });
    Ok(())
}

async fn a_renewal_is_lost_without_the_lease(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let ends =
        [Then::Runnable { delay: SECOND }, Then::Waiting { at_most: Some(SECOND) }, Then::Terminal { retain: HOUR }];
    for then in ends {
        let (_, held) = held_task(scene, &tasks).await?;
        must_replace(&tasks, held.replace(1, then)).await?;
        let renewed = renew_one(&tasks, &held.head.id, held.token, LEASE).await?;
        scene.same(&format!("a renewal after {then:?}"), &renewed, &Renewed::Lost);
    }
    let (queue, held) = held_task(scene, &tasks).await?;
    let wrong = renew_one(&tasks, &held.head.id, Token(held.token.0 + 1), LEASE).await?;
    scene.same("a renewal under a token that was never given", &wrong, &Renewed::Lost);
    scene.advance(LEASE + SECOND * 2);
    let again = claim_one(&tasks, &queue).await?;
    let lost = renew_one(&tasks, &held.head.id, held.token, LEASE).await?;
    scene.same("a renewal after somebody reclaimed", &lost, &Renewed::Lost);
    scene.same("the new holder's lease", &must_head(&tasks, &again.head.id).await?, &again.head);
    let unknown = renew_one(&tasks, &fastestmcp_core::ids::TaskId::new("never"), held.token, LEASE).await?;
    scene.same("a renewal of an unknown task", &unknown, &Renewed::Lost);
    let mut mortal = task(scene, &queue);
    mortal.ttl = Some(SECOND * 10);
    insert(&tasks, mortal).await?;
    let held = claim_one(&tasks, &queue).await?;
    scene.advance(SECOND * 10);
    let expired = renew_one(&tasks, &held.head.id, held.token, LEASE).await?;
    scene.same("a renewal of an expired task", &expired, &Renewed::Lost);
    Ok(())
}

async fn renewals_are_answered_in_order(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (_, a) = held_task(scene, &tasks).await?;
    let (_, b) = held_task(scene, &tasks).await?;
    let (_, c) = held_task(scene, &tasks).await?;
    must_replace(&tasks, b.replace(1, Then::Terminal { retain: HOUR })).await?;
    scene.advance(SECOND);
    let asked: Vec<_> = [&c, &b, &a, &b].iter().map(|held| (held.head.id.clone(), held.token)).collect();
    let until = tasks.ping().await?.after(LEASE);
    let held = |held: &super::steps::Held| Renewed::Held { until, version: held.head.version };
    let got = tasks.renew(&asked, LEASE).await?.value;
    scene.same("four answers", &got, &vec![held(&c), Renewed::Lost, held(&a), Renewed::Lost]);
    scene.same("no leases to renew", &tasks.renew(&[], LEASE).await?.value, &vec![]);
    Ok(())
}

async fn stale_token_rejected(scene: &Scene) -> CaseResult {
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let (queue, old) = held_task(scene, &tasks).await?;
    scene.advance(LEASE + SECOND * 2);
    let new = claim_one(&other, &queue).await?;
    let every = [
        Then::KeepLease,
        Then::Runnable { delay: SECOND },
        Then::Waiting { at_most: None },
        Then::Terminal { retain: HOUR },
    ];
    for then in every {
        for version in [old.head.version, new.head.version] {
            let guard = Guard { version, token: Some(old.token) };
            let outcome = tasks.replace(replace(&old.head.id, guard, 9, then)).await?.value;
            scene.same(&format!("{then:?} under a stale token"), &outcome, &ReplaceOutcome::LeaseLost);
        }
    }
    scene.same("the task, held by another", &must_head(&tasks, &new.head.id).await?, &new.head);
    must_replace(&other, new.replace(1, Then::Terminal { retain: HOUR })).await?;
    Ok(())
}

async fn stale_holder_cannot_hand_back(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (queue, old) = held_task(scene, &tasks).await?;
    let handed = must_replace(&tasks, old.replace(1, Then::Runnable { delay: HOUR })).await?;
    let again = tasks.replace(old.replace(2, Then::Runnable { delay: SECOND })).await?.value;
    scene.same("handing back twice", &again, &ReplaceOutcome::LeaseLost);
    scene.same("the task", &must_head(&tasks, &old.head.id).await?, &handed);
    scene.same("claimed at once", &ids(&claim(&tasks, &queue, 1).await?), &vec![]);
    Ok(())
}

async fn the_newest_holder_may_finish_after_its_lease_end(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for then in [Then::KeepLease, Then::Runnable { delay: HOUR }, Then::Terminal { retain: HOUR }] {
        let (_, held) = held_task(scene, &tasks).await?;
        scene.advance(LEASE * 2);
        let outcome = tasks.replace(held.replace(1, then)).await?.value;
        let applied = matches!(outcome, ReplaceOutcome::Replaced(_));
        scene.check(applied, || format!("{then:?} by the last holder, not reclaimed: got {}", brief(&outcome)));
    }
    Ok(())
}

async fn a_lease_past_its_end_can_be_renewed_until_reclaimed(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (queue, held) = held_task(scene, &tasks).await?;
    scene.advance(LEASE * 2);
    let until = tasks.ping().await?.after(LEASE);
    let renewed = renew_one(&tasks, &held.head.id, held.token, LEASE).await?;
    scene.same("the renewal", &renewed, &Renewed::Held { until, version: held.head.version });
    scene.same("claimed after it", &ids(&claim(&tasks, &queue, 1).await?), &vec![]);
    Ok(())
}

async fn a_lease_past_its_end_stays_shown_until_reclaimed(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    let (_, held) = held_task(scene, &tasks).await?;
    scene.advance(LEASE * 2);
    scene.same("the head", &must_head(&tasks, &held.head.id).await?, &held.head);
    Ok(())
}
