//! Sliding a scope's deadline (S1).

use std::time::Duration;

use fastestmcp_core::session::{CommitRule, Lifetime, Scope, ScopeInfo, ScopeKind, Touch};

use super::steps::{HOUR, MS, fresh_scope, live_scope, load, must_commit};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Session, "session.touch";
    "S1": it_slides_the_deadline,
    "S1": it_writes_only_for_more_than_its_slack,
    "S1": it_never_shortens,
    "S1": it_never_passes_the_absolute_end,
    "S1": it_does_nothing_to_system_and_absent_scopes,
    "S1": every_node_sees_it,
}

const MINUTE: Duration = Duration::from_secs(60);

const fn touch(ttl: Duration, slack: Duration) -> Option<Touch> {
    Some(Touch { ttl, slack })
}

async fn it_slides_the_deadline(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, MINUTE).await?;
    for _ in 0..5 {
        scene.advance(MINUTE - MS);
        let loaded = store.load(&scope, &[], touch(MINUTE, Duration::ZERO)).await?;
        let expires = loaded.value.scope.and_then(|info| info.expires);
        scene.same("the deadline after a touch", &expires, &Some(loaded.now.after(MINUTE)));
    }
    scene.advance(MINUTE);
    scene.same("the scope at its moved deadline", &load(&store, &scope, &[]).await?.scope, &None);
    Ok(())
}

async fn it_writes_only_for_more_than_its_slack(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, MINUTE).await?;
    let before = load(&store, &scope, &[]).await?.scope;
    let slack = Duration::from_secs(6);
    scene.advance(slack);
    let same = store.load(&scope, &[], touch(MINUTE, slack)).await?.value.scope;
    scene.same("a touch that gains exactly its slack", &same, &before);
    scene.advance(MS);
    let moved = store.load(&scope, &[], touch(MINUTE, slack)).await?;
    let expires = moved.value.scope.and_then(|info| info.expires);
    scene.same("a touch that gains 1 ms more", &expires, &Some(moved.now.after(MINUTE)));
    Ok(())
}

async fn it_never_shortens(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let before = load(&store, &scope, &[]).await?.scope;
    for ttl in [MS, MINUTE, HOUR] {
        let after = store.load(&scope, &[], touch(ttl, Duration::ZERO)).await?.value.scope;
        scene.same(&format!("a touch of {ttl:?} on a scope of an hour"), &after, &before);
    }
    scene.same("the scope afterwards", &load(&store, &scope, &[]).await?.scope, &before);
    Ok(())
}

async fn it_never_passes_the_absolute_end(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = fresh_scope(scene);
    let life = Lifetime { ttl: MINUTE, max_life: Some(MINUTE * 2) };
    must_commit(&store, &scope, CommitRule::CreateNew(life), vec![]).await?;
    let end = store.ping().await?.after(MINUTE * 2);
    scene.advance(MINUTE / 2);
    let info = store.load(&scope, &[], touch(HOUR, Duration::ZERO)).await?.value.scope;
    let deadlines = info.map(|info| (info.expires, info.ends));
    scene.same("deadline and end after a touch beyond the end", &deadlines, &Some((Some(end), Some(end))));
    scene.advance(MINUTE + MINUTE / 2);
    scene.same("the scope at its end", &load(&store, &scope, &[]).await?.scope, &None);
    Ok(())
}

async fn it_does_nothing_to_system_and_absent_scopes(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let system = Scope::new(ScopeKind::System, scene.name("system"));
    let touched = store.load(&system, &[], touch(MINUTE, Duration::ZERO)).await?.value.scope;
    scene.same("a System scope", &touched, &Some(ScopeInfo::SYSTEM));
    let absent = fresh_scope(scene);
    for _ in 0..2 {
        let touched = store.load(&absent, &[], touch(MINUTE, Duration::ZERO)).await?.value.scope;
        scene.same("an absent scope", &touched, &None);
    }
    Ok(())
}

async fn every_node_sees_it(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = live_scope(scene, &store, MINUTE).await?;
    scene.advance(MINUTE / 2);
    let touched = store.load(&scope, &[], touch(MINUTE, Duration::ZERO)).await?.value.scope;
    scene.same("the scope on another node", &load(&other, &scope, &[]).await?.scope, &touched);
    scene.advance(MINUTE / 2 + MS);
    let alive = load(&other, &scope, &[]).await?.scope.is_some();
    scene.check(alive, || "gone on another node after its first deadline although it was touched".to_owned());
    Ok(())
}
