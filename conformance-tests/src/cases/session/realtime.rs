//! The clock that the backend uses in production: a few seconds of real time (G1, G3).

use std::time::{Duration, Instant};

use fastestmcp_core::session::{CommitOutcome, CommitRequest, CommitRule, Expect, Touch};
use futures_util::future::try_join_all;

use super::steps::{HOUR, fresh_scope, get, live_scope, living, load, must_commit, put_for, put_if};
use crate::brink::{AT_ONCE, LIFE, on_the_brink};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Session, "session.realtime";
    "G1": time_passes_and_never_goes_back,
    "G3": entries_and_scopes_end_when_they_should,
    "G10": a_scope_that_a_touch_kept_alive_was_never_found_gone,
    "G10": an_entry_that_a_put_kept_alive_was_never_found_gone,
}

async fn time_passes_and_never_goes_back(scene: &Scene) -> CaseResult {
    let scene = scene.in_production().await?;
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let (started, first) = (Instant::now(), store.ping().await?);
    let mut last = first;
    while started.elapsed() < Duration::from_millis(600) {
        for store in [&store, &other] {
            let now = store.ping().await?;
            scene.check(now >= last, || format!("{now:?} after {last:?}"));
            last = last.max(now);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (passed, elapsed) = (last.since(first), started.elapsed());
    let close = passed + Duration::from_millis(300) > elapsed && passed < elapsed + Duration::from_millis(300);
    scene.check(close, || format!("{passed:?} passed in the store while {elapsed:?} passed here"));
    Ok(())
}

async fn entries_and_scopes_end_when_they_should(scene: &Scene) -> CaseResult {
    let scene = scene.in_production().await?;
    let store = scene.sessions(0).await?;
    let life = Duration::from_millis(1_500);
    let lasting = live_scope(&scene, &store, HOUR).await?;
    let mortal = fresh_scope(&scene);
    // The store reads its clock between these two moments.
    let before = Instant::now();
    put_for(&store, &lasting, "key", life).await?;
    must_commit(&store, &mortal, CommitRule::CreateNew(living(life)), vec![]).await?;
    let after = Instant::now();
    loop {
        let asked = Instant::now();
        let alive = (get(&store, &lasting, "key").await?.is_some(), load(&store, &mortal, &[]).await?.scope.is_some());
        // A millisecond on either side for rounding.
        let early = Instant::now() + Duration::from_millis(2) < before + life;
        let late = asked > after + life + Duration::from_millis(2);
        scene.check(!early || alive == (true, true), || format!("gone before their deadline: {alive:?}"));
        if late {
            scene.same("entry and scope after their deadline", &alive, &(false, false));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A touch that reads the clock in time may be committed late: who reads past it sees only a deadline that is over.
async fn a_scope_that_a_touch_kept_alive_was_never_found_gone(scene: &Scene) -> CaseResult {
    let scene = scene.in_production().await?;
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    for _ in 0..scene.times(8) {
        let one = async |_| {
            let scope = live_scope(&scene, &store, LIFE).await?;
            let (saver, saved) = (store.clone(), scope.clone());
            let save = async move { Ok(saver.load(&saved, &[], Some(Touch::new(HOUR))).await?.value.scope.is_some()) };
            on_the_brink(&scene, "a scope", save, async || Ok(load(&other, &scope, &[]).await?.scope.is_some())).await
        };
        try_join_all((0..AT_ONCE).map(one)).await?;
    }
    Ok(())
}

async fn an_entry_that_a_put_kept_alive_was_never_found_gone(scene: &Scene) -> CaseResult {
    let scene = scene.in_production().await?;
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    for _ in 0..scene.times(8) {
        let one = async |_| {
            let scope = live_scope(&scene, &store, HOUR).await?;
            put_for(&store, &scope, "key", LIFE).await?;
            // Only a key that lives is Present.
            let put = vec![put_if("key", "kept", Expect::Present)];
            let (saver, put) = (store.clone(), CommitRequest::new(scope.clone(), CommitRule::Existing, put));
            let save = async move { Ok(matches!(saver.commit(put).await?.value, CommitOutcome::Committed(_))) };
            on_the_brink(&scene, "an entry", save, async || Ok(get(&other, &scope, "key").await?.is_some())).await
        };
        try_join_all((0..AT_ONCE).map(one)).await?;
    }
    Ok(())
}
