//! The clock that the backend uses in production: a few seconds of real time (G1, G3).

use std::time::{Duration, Instant};

use fastestmcp_core::session::CommitRule;

use super::steps::{HOUR, fresh_scope, get, live_scope, living, load, must_commit, put_for};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Session, "session.realtime";
    "G1": time_passes_and_never_goes_back,
    "G3": entries_and_scopes_end_when_they_should,
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
