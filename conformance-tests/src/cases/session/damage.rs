//! Scopes and entries that cannot be read, and what their neighbours do not notice (G16).

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::error::StoreErrorKind::Corrupt;
use fastestmcp_core::session::{CommitRequest, CommitRule, Expect, Op, Scope, ScopeKind, Touch};

use super::steps::{
    HOUR, MS, Store, check, commit, get, lasting, live_scope, living, load, must_commit, put, put_if, take, text,
};
use crate::brief::brief;
use crate::broom::sweep_all;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::harness::Damage;
use crate::refusal::refused;
use crate::scene::Scene;
use crate::walk::{limit, walk};

cases! { Session, "session.damage";
    "G16": who_names_a_damaged_entry_is_told_and_nobody_else,
    "G16": a_list_leaves_a_damaged_entry_out_and_goes_on,
    "G16": a_scope_with_a_damaged_entry_can_be_touched_and_deleted,
    "G16": a_system_scope_with_a_damaged_entry_is_listed_for_its_others,
    "G16": who_names_a_damaged_scope_is_told_and_nobody_else,
    "G16": a_damaged_scope_can_be_deleted_and_made_anew,
    "G16": listing_and_counting_scopes_go_on_past_a_damaged_one,
    "G16": a_sweep_goes_on_past_damage,
}

async fn damage_entry(scene: &Scene, scope: &Scope, key: &str) -> CaseResult {
    Ok(scene.cluster().damage(&Damage::Entry(scope.clone(), key.to_owned())).await?)
}

async fn damage_scope(scene: &Scene, scope: &Scope) -> CaseResult {
    Ok(scene.cluster().damage(&Damage::Scope(scope.clone())).await?)
}

/// A live scope with these keys, each holding its name.
async fn filled(scene: &Scene, store: &Store, keys: &[&str]) -> Result<Scope, Halt> {
    let scope = live_scope(scene, store, HOUR).await?;
    let ops = keys.iter().map(|&key| Op::put(key, key.to_owned())).collect();
    must_commit(store, &scope, CommitRule::Existing, ops).await?;
    Ok(scope)
}

fn existing(scope: &Scope, ops: Vec<Op>) -> CommitRequest {
    CommitRequest::new(scope.clone(), CommitRule::Existing, ops)
}

async fn who_names_a_damaged_entry_is_told_and_nobody_else(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = filled(scene, &store, &["a", "b", "c"]).await?;
    damage_entry(scene, &scope, "b").await?;
    for store in [&store, &other] {
        refused(scene, "a load of it", Corrupt, &store.load(&scope, &["b"], None).await);
        refused(scene, "a load of it beside others", Corrupt, &store.load(&scope, &["a", "b", "c"], None).await);
        let asked = [
            put_if("b", "new", Expect::Present),
            put_if("b", "new", Expect::Absent),
            check("b", Expect::Present),
            take("b"),
        ];
        for op in asked {
            let what = brief(&op);
            refused(scene, &what, Corrupt, &store.commit(existing(&scope, vec![Op::put("a", "wrong"), op])).await);
        }
        match load(store, &scope, &["a", "c", "never"]).await {
            Ok(loaded) => {
                let values: Vec<_> = loaded.entries.into_iter().map(|entry| entry.map(|entry| entry.value)).collect();
                scene.same("its neighbours", &values, &vec![Some("a".into()), Some("c".into()), None]);
            }
            Err(Halt::Store(error)) => scene.violation(format!("its neighbours cannot be loaded: {error}")),
            Err(other) => return Err(other),
        }
    }
    must_commit(&store, &scope, CommitRule::Existing, vec![put_if("a", "newer", Expect::Present), take("c")]).await?;
    scene.same("a neighbour that was written", &text(&other, &scope, "a").await?, &Some("newer".to_owned()));
    let elsewhere = filled(scene, &store, &["b"]).await?;
    scene.same("the same key elsewhere", &text(&other, &elsewhere, "b").await?, &Some("b".to_owned()));
    // Whoever does not care what was there may be refused or may mend it.
    match store.commit(existing(&scope, vec![Op::put("b", "mended")])).await {
        Ok(_) => scene.same("the mended entry", &text(&other, &scope, "b").await?, &Some("mended".to_owned())),
        Err(error) => scene.check(error.kind == Corrupt, || format!("an unconditional put over it: {error}")),
    }
    Ok(())
}

async fn a_list_leaves_a_damaged_entry_out_and_goes_on(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let keys: Vec<String> = (0..40).map(|index| format!("k{index:02}")).collect();
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    let scope = filled(scene, &store, &names).await?;
    // The first, the last, one in the middle and a run longer than a page of one may examine.
    let damaged = |index: usize| [0, 33, 39].contains(&index) || (10..26).contains(&index);
    for (_, key) in names.iter().enumerate().filter(|(index, _)| damaged(*index)) {
        damage_entry(scene, &scope, key).await?;
    }
    let whole: Vec<_> = keys.iter().enumerate().filter(|(index, _)| !damaged(*index)).map(|(_, key)| key).collect();
    for rows in [1, 2, 7, 1_000] {
        let page = async |page| store.list_entries(&scope, "k", page).await;
        match walk(scene, limit(rows)?, page, async |_| Ok(())).await {
            Ok(seen) => {
                let seen: Vec<_> = seen.iter().map(|(key, _)| key).collect();
                scene.same(&format!("keys walked by {rows}"), &seen, &whole);
            }
            Err(Halt::Store(error)) => scene.violation(format!("a walk by {rows}: {error}")),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

async fn a_scope_with_a_damaged_entry_can_be_touched_and_deleted(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = filled(scene, &store, &["a", "b"]).await?;
    damage_entry(scene, &scope, "a").await?;
    let touch = Touch { ttl: HOUR * 2, slack: MS };
    let touched = store.load(&scope, &["b"], Some(touch)).await?;
    let expires = touched.value.scope.and_then(|info| info.expires);
    scene.same("its deadline after a touch", &expires, &Some(touched.now.after(HOUR * 2)));
    scene.same("deleting it", &store.delete_scope(&scope).await?.value, &true);
    scene.check(load(&store, &scope, &["a", "b"]).await?.scope.is_none(), || "it is still there".to_owned());
    made_anew(scene, &store, &scope, &["a", "b"]).await
}

/// Makes a deleted scope anew, and looks for keys of its past.
async fn made_anew(scene: &Scene, store: &Store, scope: &Scope, keys: &[&str]) -> CaseResult {
    must_commit(store, scope, CommitRule::CreateNew(living(HOUR)), vec![]).await?;
    let old = load(store, scope, keys).await?.entries;
    scene.check(old.iter().all(Option::is_none), || format!("keys of its past: {}", brief(&old)));
    put(store, scope, keys[0], "new").await?;
    scene.same("what is put then", &text(store, scope, keys[0]).await?, &Some("new".to_owned()));
    Ok(())
}

async fn a_system_scope_with_a_damaged_entry_is_listed_for_its_others(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scopes: Vec<Scope> = (0..4).map(|_| Scope::new(ScopeKind::System, scene.name("system"))).collect();
    for scope in &scopes {
        must_commit(&store, scope, CommitRule::Existing, vec![Op::put("a", "a"), Op::put("b", "b")]).await?;
    }
    damage_entry(scene, &scopes[1], "a").await?;
    let page = async |page| store.list_scopes(ScopeKind::System, page).await;
    let mut seen: Vec<_> = walk(scene, limit(1)?, page, async |_| Ok(())).await?;
    seen.sort_by(|(a, _), (b, _)| a.cmp(b));
    let seen: Vec<_> = seen.into_iter().map(|(scope, _)| scope).collect();
    let mut wanted = scopes.clone();
    wanted.sort();
    scene.same("the scopes", &seen, &wanted);
    scene.same("their number", &store.count_scopes(ScopeKind::System, 100).await?.value, &4);
    scene.same("the other key", &text(&store, &scopes[1], "b").await?, &Some("b".to_owned()));
    scene.same("deleting it", &store.delete_scope(&scopes[1]).await?.value, &true);
    scene.same("its key afterwards", &get(&store, &scopes[1], "a").await?, &None);
    Ok(())
}

async fn who_names_a_damaged_scope_is_told_and_nobody_else(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let (broken, whole) = (filled(scene, &store, &["a"]).await?, filled(scene, &store, &["a"]).await?);
    damage_scope(scene, &broken).await?;
    for store in [&store, &other] {
        let touch = Touch { ttl: HOUR * 2, slack: MS };
        refused(scene, "a load", Corrupt, &store.load(&broken, &["a"], None).await);
        refused(scene, "a load that touches", Corrupt, &store.load(&broken, &[], Some(touch)).await);
        let put = vec![put_if("a", "new", Expect::Present)];
        refused(scene, "a conditional put", Corrupt, &store.commit(existing(&broken, put)).await);
        let anew = CommitRequest::new(broken.clone(), CommitRule::CreateNew(living(HOUR)), vec![]);
        refused(scene, "making it anew", Corrupt, &store.commit(anew).await);
        scene.same("the other scope", &text(store, &whole, "a").await?, &Some("a".to_owned()));
    }
    put(&store, &whole, "b", "b").await?;
    live_scope(scene, &store, HOUR).await?;
    Ok(())
}

async fn a_damaged_scope_can_be_deleted_and_made_anew(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = filled(scene, &store, &["a", "b"]).await?;
    damage_scope(scene, &scope).await?;
    match store.delete_scope(&scope).await {
        Ok(existed) => scene.same("deleting it", &existed.value, &true),
        Err(error) => {
            scene.violation(format!("it cannot be deleted: {error}"));
            return Ok(());
        }
    }
    scene.check(load(&other, &scope, &["a"]).await?.scope.is_none(), || "it is still there".to_owned());
    made_anew(scene, &other, &scope, &["a", "b"]).await
}

async fn listing_and_counting_scopes_go_on_past_a_damaged_one(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let mut whole = Vec::new();
    for index in 0..40 {
        let scope = live_scope(scene, &store, HOUR).await?;
        if [0, 33, 39].contains(&index) || (10..26).contains(&index) {
            damage_scope(scene, &scope).await?;
        } else {
            whole.push(scope);
        }
    }
    whole.sort();
    for rows in [1, 2, 7, 1_000] {
        let page = async |page| store.list_scopes(ScopeKind::Session, page).await;
        match walk(scene, limit(rows)?, page, async |_| Ok(())).await {
            Ok(seen) => {
                let mut seen: Vec<_> = seen.into_iter().map(|(scope, _)| scope).collect();
                seen.sort();
                scene.same(&format!("scopes walked by {rows}"), &seen, &whole);
            }
            Err(Halt::Store(error)) => scene.violation(format!("a walk by {rows}: {error}")),
            Err(other) => return Err(other),
        }
    }
    let counted = store.count_scopes(ScopeKind::Session, 1_000).await?.value;
    scene.check((whole.len() as u64..=40).contains(&counted), || format!("{counted} counted of {}", whole.len()));
    Ok(())
}

async fn a_sweep_goes_on_past_damage(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let kept = live_scope(scene, &store, HOUR * 100).await?;
    let ops = (0..6).map(|index| lasting(&format!("mortal{index}"), "x", HOUR)).chain([Op::put("kept", "x")]).collect();
    must_commit(&store, &kept, CommitRule::Existing, ops).await?;
    damage_entry(scene, &kept, "mortal0").await?;
    damage_entry(scene, &kept, "mortal3").await?;
    let mut dying = Vec::new();
    for index in 0..6 {
        let scope = filled(scene, &store, &["a", "b"]).await?;
        match index {
            0 | 3 => damage_scope(scene, &scope).await?,
            1 => damage_entry(scene, &scope, "a").await?,
            _ => dying.push(scope),
        }
    }
    scene.advance(HOUR - MS);
    for budget in [SweepBudget::default(), SweepBudget { max_rows: 2, max_bytes: 1 << 20 }] {
        if let Err(Halt::Store(error)) = sweep_all(scene, &store, budget).await {
            scene.violation(format!("a sweep beside damage fails: {error}"));
            return Ok(());
        }
    }
    for scope in &dying {
        scene.same("a neighbour 1 ms before it expires", &text(&store, scope, "a").await?, &Some("a".to_owned()));
    }
    scene.advance(MS);
    let removed = sweep_all(scene, &store, SweepBudget { max_rows: 2, max_bytes: 1 << 20 }).await?;
    let expired = (4 + dying.len() * 2) as u64;
    scene.check(removed >= expired, || format!("{removed} removed of {expired} that are expired and whole"));
    scene.same("a sweep of what is clean", &sweep_all(scene, &store, SweepBudget::default()).await?, &0);
    scene.same("the key that lives", &text(&store, &kept, "kept").await?, &Some("x".to_owned()));
    let gone = commit(&store, &dying[0], CommitRule::Existing, vec![]).await?;
    let is_gone = matches!(gone, fastestmcp_core::session::CommitOutcome::ScopeGone);
    scene.check(is_gone, || format!("an expired scope: {}", brief(&gone)));
    Ok(())
}
