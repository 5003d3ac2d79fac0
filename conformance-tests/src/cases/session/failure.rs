//! Crashes, restarts, injected faults, dropped callers, other clocks (G1, G4, G6, G11).

use std::time::Duration;

use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::session::{CommitOutcome, CommitRequest, CommitRule, Expect, Op};

use super::steps::{HOUR, get, live_scope, load, must_commit, put, put_if, text};
use crate::abandon::abandon;
use crate::again::again;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::harness::{Fault, Skew};
use crate::refusal::refused;
use crate::scene::Scene;

cases! { Session, "session.failure";
    "G6": a_dropped_commit_is_wholly_applied_or_not,
    "G6": a_dropped_load_leaves_nothing_behind,
    "G11" if durable: acknowledged_commits_survive_a_crash,
    "G11" if durable: acknowledged_commits_survive_a_restart,
    "R7": an_orderly_close_loses_nothing_and_leaves_other_nodes_alone,
    "G10" if durable: versions_go_on_rising_after_a_crash,
    "G4": a_fault_before_the_store_applies_nothing,
    "G4": a_cut_node_comes_to_know_that_nothing_was_applied,
    "G4": an_unknown_outcome_can_be_repeated_under_a_precondition,
    "G4": a_node_that_is_cut_off_fails_and_comes_back,
    "G5": a_slow_node_holds_up_no_other,
    "G5": an_operation_that_is_held_up_ends_at_its_deadline,
    "G1": process_clocks_do_not_matter,
}

async fn a_dropped_commit_is_wholly_applied_or_not(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for round in 0..scene.times(40) {
        let ops = ["a", "b", "c"].map(|key| Op::put(format!("{key}{round}"), "x")).to_vec();
        let request = CommitRequest::new(scope.clone(), CommitRule::Existing, ops);
        abandon(store.commit(request), round % 8).await;
    }
    // A write behind them all: what was under way has been applied by then, or never will be.
    put(&store, &scope, "last", "x").await?;
    let count = async |key: &str| -> Result<_, Halt> {
        let page = fastestmcp_core::page::PageRequest::first(fastestmcp_core::page::PageLimit::MAX);
        let listed = store.list_entries(&scope, key, page).await?.value.items;
        Ok(listed.into_iter().map(|(name, _)| name[1..].to_owned()).collect::<Vec<_>>())
    };
    let (a, b, c) = (count("a").await?, count("b").await?, count("c").await?);
    scene.check(a == b && b == c, || format!("commits of three keys left a {a:?}, b {b:?}, c {c:?}"));
    Ok(())
}

async fn a_dropped_load_leaves_nothing_behind(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "key", "x").await?;
    for round in 0..scene.times(200) {
        abandon(store.load(&scope, &["key"], None), round % 4).await;
    }
    for _ in 0..40 {
        scene.same("a load after many were dropped", &text(&store, &scope, "key").await?, &Some("x".to_owned()));
    }
    Ok(())
}

async fn survives(scene: &Scene, crash: bool) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    drop(store);
    for round in 0..5 {
        let store = scene.sessions(0).await?;
        for index in 0..5 {
            put(&store, &scope, &format!("k{round}.{index}"), "x").await?;
        }
        if crash {
            scene.cluster().crash().await?;
        } else {
            scene.cluster().restart().await?;
        }
        scene.forget_nodes();
        let store = scene.sessions(0).await?;
        for index in 0..5 {
            let key = format!("k{round}.{index}");
            let there = get(&store, &scope, &key).await?.is_some();
            scene.check(there, || format!("{key} was acknowledged and is lost in round {round}"));
        }
        if scene.failed() {
            return Ok(());
        }
    }
    Ok(())
}

async fn acknowledged_commits_survive_a_crash(scene: &Scene) -> CaseResult {
    survives(scene, true).await
}

async fn acknowledged_commits_survive_a_restart(scene: &Scene) -> CaseResult {
    survives(scene, false).await
}

async fn an_orderly_close_loses_nothing_and_leaves_other_nodes_alone(scene: &Scene) -> CaseResult {
    let (store, closing) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = live_scope(scene, &store, HOUR).await?;
    for key in ["a", "b"] {
        put(&closing, &scope, key, key).await?;
    }
    for _ in 0..2 {
        closing.close().await?;
    }
    // A handle that has nothing to end may go on.
    match closing.load(&scope, &["b"], None).await {
        Ok(loaded) => scene.check(loaded.value.entries[0].is_some(), || "what it wrote is gone".to_owned()),
        Err(error) => refused(scene, "a load after the close", StoreErrorKind::Unavailable, &Err::<(), _>(error)),
    }
    let request = CommitRequest::new(scope.clone(), CommitRule::Existing, vec![Op::put("late", "x")]);
    let late = closing.commit(request).await;
    scene.same("what was put late", &get(&store, &scope, "late").await?.is_some(), &late.is_ok());
    if let Err(error) = late {
        refused(scene, "a commit after the close", StoreErrorKind::Unavailable, &Err::<(), _>(error));
    }
    scene.same("the last that was acknowledged", &text(&store, &scope, "b").await?, &Some("b".to_owned()));
    put(&store, &scope, "c", "c").await?;
    scene.forget_nodes();
    let again = scene.sessions(1).await?;
    scene.same("read by a new handle", &text(&again, &scope, "c").await?, &Some("c".to_owned()));
    Ok(())
}

async fn versions_go_on_rising_after_a_crash(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let mut last = None;
    for _ in 0..4 {
        let store = scene.sessions(0).await?;
        let version = put(&store, &scope, "key", "x").await?;
        scene.check(Some(version) > last, || format!("{version:?} after {last:?} and a crash"));
        last = Some(version);
        must_commit(&store, &scope, CommitRule::Existing, vec![super::steps::delete("key")]).await?;
        scene.cluster().crash().await?;
        scene.forget_nodes();
    }
    Ok(())
}

async fn a_fault_before_the_store_applies_nothing(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let outcomes = scene.lose_next(0).await?;
    let got = store.commit(CommitRequest::new(scope.clone(), CommitRule::Existing, vec![Op::put("key", "x")])).await;
    let truthful = got.as_ref().is_err_and(|error| outcomes.contains(&error.outcome));
    scene.check(truthful, || format!("an error of outcome {outcomes:?} was due; got {got:?}"));
    let loaded = again(async || store.load(&scope, &["key"], None).await).await?.value;
    scene.same("the key", &loaded.entries, &vec![None]);
    Ok(())
}

async fn a_cut_node_comes_to_know_that_nothing_was_applied(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&other, &scope, "key", "before").await?;
    scene.cluster().cut(1).await?;
    let (mut possible, mut outcome) = (vec!["before".to_owned()], None);
    // Connections that died unseen may each swallow one write, or still deliver it; once the node knows, it sends none.
    for attempt in 0..20 {
        let value = format!("cut {attempt}");
        let op = Op::put("key", value.clone());
        let got = other.commit(CommitRequest::new(scope.clone(), CommitRule::Existing, vec![op])).await;
        scene.check(got.is_err(), || format!("an error was due on the cut node; got {got:?}"));
        outcome = got.err().map(|error| error.outcome);
        match outcome {
            Some(Outcome::NotApplied) => break,
            _ => possible.push(value),
        }
    }
    scene.same("the outcome in the end", &outcome, &Some(Outcome::NotApplied));
    let truthful = |key: Option<&str>| key.is_some_and(|key| possible.iter().any(|value| value == key));
    let key = text(&store, &scope, "key").await?;
    scene.check(truthful(key.as_deref()), || format!("the key is {key:?}, and only one of {possible:?} is possible"));
    scene.cluster().heal(1).await?;
    // What was of unknown outcome may have arrived meanwhile.
    let loaded = again(async || other.load(&scope, &["key"], None).await).await?.value;
    let value = loaded.entries.into_iter().flatten().next().map(|entry| entry.value);
    let healed = value.as_deref().and_then(|value| std::str::from_utf8(value).ok());
    scene.check(truthful(healed), || format!("the healed node has {healed:?}; only one of {possible:?} is possible"));
    Ok(())
}

async fn an_unknown_outcome_can_be_repeated_under_a_precondition(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let request = || CommitRequest::new(scope.clone(), CommitRule::Existing, vec![put_if("key", "x", Expect::Absent)]);
    scene.cluster().inject(0, Fault::ExecuteThenTimeout).await?;
    let got = store.commit(request()).await;
    let unknown = got.as_ref().is_err_and(|error| error.outcome == Outcome::Unknown);
    scene.check(unknown, || format!("an error of unknown outcome was due; got {got:?}"));
    let again = again(async || store.commit(request()).await).await?.value;
    let settled = matches!(again, CommitOutcome::Committed(_) | CommitOutcome::Mismatch { index: 0, current: Some(_) });
    scene.check(settled, || format!("the repeat got {again:?}"));
    scene.same("the key", &text(&store, &scope, "key").await?, &Some("x".to_owned()));
    Ok(())
}

async fn a_node_that_is_cut_off_fails_and_comes_back(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "key", "x").await?;
    scene.cluster().cut(1).await?;
    let got = tokio::time::timeout(Duration::from_secs(15), other.load(&scope, &["key"], None)).await;
    let failed = matches!(&got, Ok(Err(error)) if error.is_retryable());
    scene.check(failed, || format!("a retryable error within 15 s was due on the cut node; got {got:?}"));
    scene.cluster().heal(1).await?;
    for _ in 0..50 {
        if other.load(&scope, &["key"], None).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    scene.violation("the healed node did not come back within 5 s");
    Ok(())
}

async fn a_slow_node_holds_up_no_other(scene: &Scene) -> CaseResult {
    let (slow, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = live_scope(scene, &slow, HOUR).await?;
    let delay = Duration::from_millis(500);
    scene.cluster().inject(0, Fault::Delay(delay)).await?;
    let request = CommitRequest::new(scope.clone(), CommitRule::Existing, vec![Op::put("slow", "x")]);
    let waiting = tokio::spawn(async move { slow.commit(request).await });
    // For the delayed one to be under way: the other must not come first by chance.
    tokio::time::sleep(delay / 10).await;
    put(&other, &scope, "fast", "x").await?;
    scene.check(!waiting.is_finished(), || "the delayed commit was faster than the other".to_owned());
    let done = waiting.await.map_err(|error| Halt::Wrong(error.to_string()))??.value;
    scene.check(matches!(done, CommitOutcome::Committed(_)), || format!("the delayed commit got {done:?}"));
    Ok(())
}

async fn an_operation_that_is_held_up_ends_at_its_deadline(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    // Longer than any deadline that a harness should set, so a store without one answers instead.
    let delay = Duration::from_secs(8);
    scene.cluster().inject(0, Fault::Delay(delay)).await?;
    let request = CommitRequest::new(scope.clone(), CommitRule::Existing, vec![Op::put("key", "x")]);
    let begun = tokio::time::Instant::now();
    let got = store.commit(request).await;
    let late = got.as_ref().is_err_and(|error| error.kind == StoreErrorKind::Timeout);
    scene.check(late, || format!("a timeout was due before the store got the commit; got {got:?}"));
    let loaded = again(async || store.load(&scope, &["key"], None).await).await?.value;
    scene.check(loaded.scope.is_some(), || "the scope is gone".to_owned());
    if got.is_err_and(|error| error.outcome == Outcome::NotApplied) {
        tokio::time::sleep_until(begun + delay + Duration::from_secs(1)).await;
        scene.same("a key whose commit was said not to be applied", &get(&store, &scope, "key").await?, &None);
    }
    Ok(())
}

async fn process_clocks_do_not_matter(scene: &Scene) -> CaseResult {
    scene.cluster().skew(0, Skew::Ahead(HOUR)).await?;
    scene.cluster().skew(1, Skew::Behind(HOUR)).await?;
    let (ahead, behind) = (scene.sessions(0).await?, scene.sessions(1).await?);
    scene.same("the time on nodes 2 h apart", &ahead.ping().await?, &behind.ping().await?);
    let one = live_scope(scene, &ahead, HOUR / 2).await?;
    let two = live_scope(scene, &behind, HOUR / 2).await?;
    for store in [&ahead, &behind] {
        let expires = (load(store, &one, &[]).await?.scope, load(store, &two, &[]).await?.scope);
        scene.check(expires.0.is_some() && expires.0 == expires.1, || format!("two scopes made at once: {expires:?}"));
    }
    scene.advance(HOUR / 2);
    for (store, scope) in [(&ahead, &two), (&behind, &one)] {
        scene.same("a scope at its deadline", &load(store, scope, &[]).await?.scope, &None);
    }
    Ok(())
}
