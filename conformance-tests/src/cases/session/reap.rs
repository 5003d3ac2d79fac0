//! What a sweep leaves alone because it lives on, and what it leaves of what is gone: nothing (G14, S1, S2, S5, S7).

use std::time::Duration;

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::session::{CommitRule, Op, Scope, ScopeKind, Touch};

use super::steps::{HOUR, MS, Store, delete, get, lasting, live_scope, living, load, must_commit, put, put_for};
use crate::broom::sweep_all;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Session, "session.reap";
    "G14": a_touched_scope_is_not_swept,
    "G14": a_key_whose_ttl_was_lengthened_is_not_swept_before_its_new_end,
    "G14": a_key_whose_ttl_was_cleared_is_not_swept,
    "G14": a_scope_outlives_the_last_of_its_mortal_keys,
    "S7": a_touched_scope_is_counted_until_its_new_end,
    "S7": a_touched_scope_is_listed_until_its_new_end,
    "G14": a_budget_of_one_byte_removes_one_entry_at_a_time,
    "G14": a_budget_of_one_row_removes_one_row_at_a_time,
    "G14": nothing_is_left_of_scopes_that_expired,
    "S5": nothing_is_left_of_scopes_that_were_deleted_and_made_again,
    "G14": nothing_is_left_of_keys_that_expired_or_were_deleted,
}

async fn sweep(scene: &Scene, store: &Store) -> Result<u64, Halt> {
    sweep_all(scene, store, SweepBudget::default()).await
}

const fn touch(ttl: Duration) -> Option<Touch> {
    Some(Touch { ttl, slack: Duration::ZERO })
}

/// A scope with two keys that was to live for an hour, and was touched so that it lives 90 minutes; half of them are over.
async fn touched_scope(scene: &Scene, store: &Store) -> Result<Scope, Halt> {
    let scope = live_scope(scene, store, HOUR).await?;
    must_commit(store, &scope, CommitRule::Existing, vec![Op::put("a", "1"), lasting("b", "2", HOUR * 9)]).await?;
    scene.advance(HOUR / 2);
    store.load(&scope, &[], touch(HOUR)).await?;
    scene.advance(HOUR / 2 + MS);
    Ok(scope)
}

async fn a_touched_scope_is_not_swept(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = touched_scope(scene, &store).await?;
    for store in [&store, &other] {
        scene.same("removed while it lives", &sweep(scene, store).await?, &0);
    }
    let loaded = load(&store, &scope, &["a", "b"]).await?;
    let whole = loaded.scope.is_some() && loaded.entries.iter().all(Option::is_some);
    scene.check(whole, || format!("swept at its first deadline although it was touched: {loaded:?}"));
    // Again, over the look that the sweep has taken meanwhile.
    store.load(&scope, &[], touch(HOUR)).await?;
    scene.advance(HOUR - MS);
    sweep(scene, &store).await?;
    scene.check(get(&store, &scope, "a").await?.is_some(), || "swept at its second deadline".to_owned());
    scene.advance(MS);
    let removed = sweep(scene, &store).await?;
    scene.check(removed >= 2, || format!("{removed} removed of a scope with two keys at its end"));
    Ok(())
}

async fn a_key_whose_ttl_was_lengthened_is_not_swept_before_its_new_end(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let system = Scope::new(ScopeKind::System, scene.name("system"));
    for scope in [live_scope(scene, &store, HOUR * 100).await?, system] {
        put_for(&store, &scope, "a", HOUR).await?;
        put_for(&store, &scope, "a", HOUR * 2).await?;
        scene.advance(HOUR);
        scene.same("removed at its first end", &sweep(scene, &store).await?, &0);
        scene.check(get(&store, &scope, "a").await?.is_some(), || "a key is gone at its first end".to_owned());
        scene.advance(HOUR - MS);
        scene.same("removed 1 ms before its second end", &sweep(scene, &store).await?, &0);
        scene.advance(MS);
        let removed = sweep(scene, &store).await?;
        scene.check(removed >= 1, || "nothing removed at its second end".to_owned());
    }
    Ok(())
}

async fn a_key_whose_ttl_was_cleared_is_not_swept(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let system = Scope::new(ScopeKind::System, scene.name("system"));
    for scope in [live_scope(scene, &store, HOUR * 100).await?, system] {
        put_for(&store, &scope, "a", HOUR).await?;
        put(&store, &scope, "a", "lasting").await?;
        scene.advance(HOUR * 2);
        scene.same("removed", &sweep(scene, &store).await?, &0);
        scene.check(get(&store, &scope, "a").await?.is_some(), || "a lasting key is gone".to_owned());
    }
    Ok(())
}

async fn a_scope_outlives_the_last_of_its_mortal_keys(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR * 10).await?;
    put_for(&store, &scope, "a", HOUR).await?;
    put_for(&store, &scope, "b", HOUR).await?;
    scene.advance(HOUR);
    let removed = sweep(scene, &store).await?;
    scene.check(removed >= 2, || format!("{removed} removed of two keys"));
    let info = load(&store, &scope, &[]).await?.scope;
    scene.check(info.is_some(), || "the scope went with the last of its keys".to_owned());
    must_commit(&store, &scope, CommitRule::Existing, vec![Op::put("c", "x")]).await?;
    scene.same("deleting it", &store.delete_scope(&scope).await?.value, &true);
    Ok(())
}

async fn counted(store: &Store) -> Result<u64, Halt> {
    Ok(store.count_scopes(ScopeKind::Session, 1_000).await?.value)
}

async fn a_touched_scope_is_counted_until_its_new_end(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    for swept in [false, true] {
        touched_scope(scene, &store).await?;
        if swept {
            sweep(scene, &store).await?;
        }
        // A count may be 1 s old.
        scene.advance(MS * 1_001);
        for store in [&store, &other] {
            scene.same("scopes counted after the first deadline of the only one", &counted(store).await?, &1);
        }
        scene.advance(HOUR / 2);
        for store in [&store, &other] {
            scene.same("scopes counted after its second deadline", &counted(store).await?, &0);
        }
    }
    Ok(())
}

async fn a_touched_scope_is_listed_until_its_new_end(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = touched_scope(scene, &store).await?;
    let listed = async |store: &Store| -> Result<Vec<Scope>, Halt> {
        let page = store.list_scopes(ScopeKind::Session, PageRequest::first(PageLimit::MAX)).await?.value;
        Ok(page.items.into_iter().map(|(scope, _)| scope).collect())
    };
    for store in [&store, &other] {
        scene.same("listed after its first deadline", &listed(store).await?, &vec![scope.clone()]);
    }
    scene.advance(HOUR / 2);
    for store in [&store, &other] {
        scene.same("listed after its second deadline", &listed(store).await?, &vec![]);
    }
    Ok(())
}

/// Sweeps as long as there is more; every step removes one row at most, and all of them so many at least.
async fn one_by_one(scene: &Scene, store: &Store, budget: SweepBudget, at_least: u64) -> CaseResult {
    let mut removed = 0;
    for _ in 0..10_000 {
        let swept = store.sweep(budget).await?;
        removed += swept.removed;
        scene.check(swept.removed <= 1, || format!("{} removed under {budget:?}", swept.removed));
        if !swept.more {
            break;
        }
    }
    scene.check(removed >= at_least, || format!("{removed} removed of {at_least} expired"));
    scene.same("left for another sweep", &sweep(scene, store).await?, &0);
    Ok(())
}

async fn a_budget_of_one_byte_removes_one_entry_at_a_time(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR * 100).await?;
    let large: &'static str = "0123456789abcdef";
    let ops = (0..3).map(|index| lasting(&format!("k{index}"), large, HOUR)).collect();
    must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    scene.advance(HOUR);
    one_by_one(scene, &store, SweepBudget { max_rows: 1_000, max_bytes: 1 }, 3).await?;
    // Those of a scope that was deleted, too.
    let ops = (0..3).map(|index| Op::put(format!("k{index}"), large)).collect();
    must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    store.delete_scope(&scope).await?;
    one_by_one(scene, &store, SweepBudget { max_rows: 1_000, max_bytes: 1 }, 0).await
}

async fn a_budget_of_one_row_removes_one_row_at_a_time(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    for _ in 0..2 {
        let scope = live_scope(scene, &store, HOUR).await?;
        let ops = (0..3).map(|index| Op::put(format!("k{index}"), "x")).collect();
        must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    }
    let kept = live_scope(scene, &store, HOUR * 100).await?;
    put_for(&store, &kept, "mortal", HOUR).await?;
    put(&store, &kept, "kept", "x").await?;
    scene.advance(HOUR);
    one_by_one(scene, &store, SweepBudget { max_rows: 1, max_bytes: 1 << 20 }, 7).await?;
    scene.check(get(&store, &kept, "kept").await?.is_some(), || "a live key was removed".to_owned());
    Ok(())
}

/// What `round` leaves in the store does not grow from round to round. What is there once and for all is there after the
/// first.
async fn nothing_is_left(scene: &Scene, round: impl AsyncFn(&Store) -> CaseResult) -> CaseResult {
    let store = scene.sessions(0).await?;
    let mut rows = Vec::new();
    for _ in 0..3 {
        round(&store).await?;
        sweep(scene, &store).await?;
        rows.push(scene.cluster().rows().await?);
    }
    scene.same("rows after the second and the third round, as after the first", &rows[1..].to_vec(), &vec![rows[0]; 2]);
    Ok(())
}

async fn nothing_is_left_of_scopes_that_expired(scene: &Scene) -> CaseResult {
    nothing_is_left(scene, async |store| {
        for kind in [ScopeKind::Session, ScopeKind::Handle, ScopeKind::Principal] {
            for _ in 0..10 {
                let scope = Scope::new(kind, scene.name("scope"));
                let ops = (0..5).map(|index| Op::put(format!("k{index}"), "x")).collect();
                must_commit(store, &scope, CommitRule::CreateNew(living(HOUR)), ops).await?;
                store.load(&scope, &[], touch(HOUR)).await?;
            }
        }
        scene.advance(HOUR);
        Ok(())
    })
    .await
}

async fn nothing_is_left_of_scopes_that_were_deleted_and_made_again(scene: &Scene) -> CaseResult {
    let scope = Scope::new(ScopeKind::Session, "again");
    nothing_is_left(scene, async |store| {
        for _ in 0..5 {
            let ops = (0..20).map(|index| Op::put(format!("k{}", scene.name(&index.to_string())), "x")).collect();
            must_commit(store, &scope, CommitRule::CreateNew(living(HOUR)), ops).await?;
            store.delete_scope(&scope).await?;
            // Its successor lives while the sweep comes, and goes before it is counted.
            must_commit(store, &scope, CommitRule::CreateNew(living(HOUR)), vec![Op::put("new", "x")]).await?;
            sweep(scene, store).await?;
            scene.check(get(store, &scope, "new").await?.is_some(), || "the successor was swept".to_owned());
            store.delete_scope(&scope).await?;
        }
        Ok(())
    })
    .await
}

async fn nothing_is_left_of_keys_that_expired_or_were_deleted(scene: &Scene) -> CaseResult {
    nothing_is_left(scene, async |store| {
        let session = live_scope(scene, store, HOUR).await?;
        for scope in [Scope::new(ScopeKind::System, scene.name("system")), session] {
            for index in 0..10 {
                let key = format!("k{index}");
                put_for(store, &scope, &key, HOUR).await?;
                if index % 2 == 0 {
                    must_commit(store, &scope, CommitRule::Existing, vec![delete(&key)]).await?;
                }
            }
        }
        scene.advance(HOUR);
        Ok(())
    })
    .await
}
