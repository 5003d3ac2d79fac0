//! Removing what is expired (G14).

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::session::{CommitRule, Op};

use super::steps::{HOUR, lasting, live_scope, load, must_commit, put};
use crate::broom::{sweep_all, sweep_together};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Session, "session.sweep";
    "G14": it_removes_what_is_expired_and_nothing_else,
    "G14": it_reports_each_record_once_over_all_nodes,
    "G14": a_deleted_scope_is_reaped_while_its_successor_lives,
}

/// Ten scopes that expire with ten keys each, and one that lives with ten mortal keys beside a lasting one.
async fn rubbish(scene: &Scene) -> Result<fastestmcp_core::session::Scope, Halt> {
    let store = scene.sessions(0).await?;
    for _ in 0..10 {
        let scope = live_scope(scene, &store, HOUR).await?;
        let ops = (0..10).map(|index| Op::put(format!("k{index}"), "x")).collect();
        must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    }
    let kept = live_scope(scene, &store, HOUR * 100).await?;
    let ops = (0..10).map(|index| lasting(&format!("mortal{index}"), "x", HOUR)).collect();
    must_commit(&store, &kept, CommitRule::Existing, ops).await?;
    put(&store, &kept, "kept", "x").await?;
    scene.advance(HOUR);
    Ok(kept)
}

async fn it_removes_what_is_expired_and_nothing_else(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let kept = rubbish(scene).await?;
    let before = load(&store, &kept, &["kept", "mortal0"]).await?;
    let removed = sweep_all(scene, &store, SweepBudget::default()).await?;
    scene.check(removed >= 110, || format!("{removed} removed although 110 entries have expired"));
    scene.same("what lives", &load(&store, &kept, &["kept", "mortal0"]).await?, &before);
    scene.same("a sweep of what is clean", &sweep_all(scene, &store, SweepBudget::default()).await?, &0);
    scene.check(before.entries[0].is_some() && before.entries[1].is_none(), || format!("before: {before:?}"));
    Ok(())
}

async fn it_reports_each_record_once_over_all_nodes(scene: &Scene) -> CaseResult {
    rubbish(scene).await?;
    let alone = sweep_all(scene, &scene.sessions(0).await?, SweepBudget::default()).await?;
    let scene = scene.another().await?;
    rubbish(&scene).await?;
    let mut stores = Vec::new();
    for node in 0..scene.nodes() {
        stores.push(scene.sessions(node).await?);
    }
    let together = sweep_together(stores, SweepBudget { max_rows: 7, max_bytes: 1 << 20 }).await?;
    scene.same("records removed of the same data by all nodes at once, and by one", &together, &alone);
    Ok(())
}

async fn a_deleted_scope_is_reaped_while_its_successor_lives(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let ops = (0..50).map(|index| Op::put(format!("k{index}"), "old")).collect();
    must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    store.delete_scope(&scope).await?;
    must_commit(&store, &scope, CommitRule::CreateNew(super::steps::living(HOUR)), vec![Op::put("k7", "new")]).await?;
    sweep_all(scene, &store, SweepBudget { max_rows: 3, max_bytes: 1 << 20 }).await?;
    let values: Vec<_> = load(&store, &scope, &["k6", "k7"]).await?.entries;
    let values: Vec<_> = values.into_iter().map(|entry| entry.map(|entry| entry.value)).collect();
    scene.same("the new scope after the old one was reaped", &values, &vec![None, Some("new".into())]);
    Ok(())
}
