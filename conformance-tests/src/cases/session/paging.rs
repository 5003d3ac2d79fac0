//! Walks over entries and scopes (G13, S7).

#![expect(clippy::future_not_send, reason = "a case runs on a thread of its own, and walks borrow their closures")]

use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::session::{CommitRule, Op, Scope, ScopeKind};

use super::steps::{HOUR, MS, Store, delete, fresh_scope, live_scope, living, must_commit, put, put_for};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::walk::{exactly_once, hostile_positions, limit, only_own_rows, walk};

cases! { Session, "session.paging";
    "G13": a_walk_over_entries_shows_each_once_in_order_by_any_limit,
    "G13": a_walk_over_entries_survives_inserts,
    "G13": a_walk_over_entries_survives_deletions_of_its_anchor,
    "G13": a_walk_over_entries_survives_updates,
    "G13": a_walk_over_entries_ends_when_the_scope_does,
    "G13": expired_entries_are_not_listed,
    "G13": hostile_positions_show_nothing_foreign,
    "S7": a_walk_over_scopes_shows_each_live_one_once,
    "S7": a_walk_over_scopes_survives_insertions_and_deletions,
    "S7": a_system_scope_is_listed_while_it_holds_a_key,
    "S7": a_system_scope_is_listed_for_an_empty_key,
    "S7": counting_is_bounded,
}

async fn filled(scene: &Scene, store: &Store, count: usize) -> Result<(Scope, Vec<String>), Halt> {
    let scope = live_scope(scene, store, HOUR).await?;
    let keys: Vec<String> = (0..count).map(|index| format!("m{index:04}")).collect();
    let ops = keys.iter().map(|key| Op::put(key.clone(), key.clone())).collect();
    must_commit(store, &scope, CommitRule::Existing, ops).await?;
    Ok((scope, keys))
}

async fn a_walk_over_entries_shows_each_once_in_order_by_any_limit(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    for count in [0, 1, 23] {
        let (scope, keys) = filled(scene, &store, count).await?;
        for rows in [1, 2, 7, 22, 23, 24, 1_000] {
            let page = async |page| store.list_entries(&scope, "m", page).await;
            let seen = walk(scene, limit(rows)?, page, async |_| Ok(())).await?;
            let seen: Vec<_> = seen.into_iter().map(|(key, _)| key).collect();
            scene.same(&format!("{count} keys walked by {rows}"), &seen, &keys);
        }
    }
    Ok(())
}

/// Walks while `change` works on the scope after each page, and checks what was there throughout.
async fn walk_while(
    scene: &Scene,
    what: &str,
    removed: impl Fn(&str) -> bool,
    change: impl AsyncFn(&Store, &Scope, usize) -> CaseResult,
) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    for rows in [1, 3, 10] {
        let (scope, keys) = filled(scene, &store, 40).await?;
        let page = async |page| store.list_entries(&scope, "", page).await;
        let seen = walk(scene, limit(rows)?, page, async |number| change(&other, &scope, number).await).await?;
        let seen: Vec<_> = seen.into_iter().map(|(key, _)| key).collect();
        scene.check(seen.is_sorted(), || format!("{what}: keys are not in order: {seen:?}"));
        let throughout: Vec<_> = keys.into_iter().filter(|key| !removed(key)).collect();
        exactly_once(scene, &format!("{what}, by {rows}"), seen, &throughout);
    }
    Ok(())
}

async fn a_walk_over_entries_survives_inserts(scene: &Scene) -> CaseResult {
    walk_while(
        scene,
        "while rows are inserted",
        |_| false,
        async |store, scope, number| {
            if number < 30 {
                for place in ["a", "m0005.", "m0030.", "z"] {
                    put(store, scope, &format!("{place}{number}"), "x").await?;
                }
            }
            Ok(())
        },
    )
    .await
}

async fn a_walk_over_entries_survives_deletions_of_its_anchor(scene: &Scene) -> CaseResult {
    // After two pages of 1, 3 or 10 rows the anchor is one of these, and rows before it stay.
    let gone = |key: &str| key.ends_with(['1', '5', '9']);
    walk_while(scene, "while rows are deleted", gone, async |store, scope, number| {
        let ops = (0..40).map(|index| format!("m{index:04}")).filter(|key| gone(key)).map(|key| delete(&key));
        let ops: Vec<_> = if number == 1 { ops.collect() } else { vec![] };
        must_commit(store, scope, CommitRule::Existing, ops).await.map(drop)
    })
    .await
}

async fn a_walk_over_entries_survives_updates(scene: &Scene) -> CaseResult {
    walk_while(
        scene,
        "while rows are updated",
        |_| false,
        async |store, scope, number| {
            let keys = [number % 40, (number * 7) % 40, 39 - number % 40];
            for index in keys {
                put(store, scope, &format!("m{index:04}"), format!("update {number}")).await?;
            }
            Ok(())
        },
    )
    .await
}

async fn a_walk_over_entries_ends_when_the_scope_does(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let (scope, _) = filled(scene, &store, 20).await?;
    let page = async |page| store.list_entries(&scope, "", page).await;
    let between = async |number| {
        if number == 1 {
            store.delete_scope(&scope).await?;
            must_commit(&store, &scope, CommitRule::CreateNew(living(HOUR)), vec![]).await?;
        }
        Ok(())
    };
    let seen = walk(scene, limit(4)?, page, between).await?;
    scene.same("rows seen of a scope deleted after the second page", &seen.len(), &8);
    Ok(())
}

async fn expired_entries_are_not_listed(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let (scope, keys) = filled(scene, &store, 10).await?;
    for index in 0..30 {
        put_for(&store, &scope, &format!("gone{index}"), MS * 10).await?;
    }
    scene.advance(MS * 10);
    for rows in [1, 5, 100] {
        let page = async |page| store.list_entries(&scope, "", page).await;
        let seen = walk(scene, limit(rows)?, page, async |_| Ok(())).await?;
        let seen: Vec<_> = seen.into_iter().map(|(key, _)| key).collect();
        scene.same(&format!("live keys walked by {rows}"), &seen, &keys);
    }
    Ok(())
}

async fn hostile_positions_show_nothing_foreign(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let (mine, _) = filled(scene, &store, 10).await?;
    let theirs = live_scope(scene, &store, HOUR).await?;
    let ops = (0..10).map(|index| Op::put(format!("secret{index}"), "x")).collect();
    must_commit(&store, &theirs, CommitRule::Existing, ops).await?;
    let small = limit(3)?;
    let my_page = store.list_entries(&mine, "m", PageRequest::first(small)).await?.value;
    let their_page = store.list_entries(&theirs, "", PageRequest::first(small)).await?.value;
    let scopes = store.list_scopes(ScopeKind::Session, PageRequest::first(limit(1)?)).await?.value;
    let foreign = [their_page.next, scopes.next].into_iter().flatten();
    for position in hostile_positions(my_page.next.as_ref()).into_iter().chain(foreign) {
        let got = store.list_entries(&mine, "m", PageRequest::after(small, position.clone())).await;
        only_own_rows(scene, &position, got, |(key, _)| key.starts_with('m'));
        let got = store.list_scopes(ScopeKind::Session, PageRequest::after(small, position.clone())).await;
        only_own_rows(scene, &position, got, |(scope, _)| scope.kind == ScopeKind::Session);
    }
    Ok(())
}

async fn scopes(scene: &Scene, store: &Store, count: usize) -> Result<Vec<Scope>, Halt> {
    let mut made = Vec::new();
    for _ in 0..count {
        made.push(live_scope(scene, store, HOUR).await?);
    }
    Ok(made)
}

async fn a_walk_over_scopes_shows_each_live_one_once(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let mut live = scopes(scene, &store, 23).await?;
    let mortal = live_scope(scene, &store, MS).await?;
    let deleted = live_scope(scene, &store, HOUR).await?;
    store.delete_scope(&deleted).await?;
    scene.advance(MS);
    live.sort();
    let mut orders = Vec::new();
    for rows in [1, 7, 23, 24, 1_000] {
        let page = async |page| store.list_scopes(ScopeKind::Session, page).await;
        let seen = walk(scene, limit(rows)?, page, async |_| Ok(())).await?;
        let mut scopes: Vec<_> = seen.iter().map(|(scope, _)| scope.clone()).collect();
        orders.push(scopes.clone());
        scopes.sort();
        let wrong = scopes.contains(&mortal) || scopes.contains(&deleted);
        scene.check(!wrong, || "an expired or deleted scope is listed".to_owned());
        scene.same(&format!("scopes walked by {rows}"), &scopes, &live);
        let info = store.load(&live[0], &[], None).await?.value.scope;
        let listed = seen.into_iter().find(|(scope, _)| *scope == live[0]).map(|(_, info)| info);
        scene.same("the life of a listed scope", &listed, &info);
    }
    let stable = orders.windows(2).all(|pair| pair[0] == pair[1]);
    scene.check(stable, || "the order of scopes changes from walk to walk".to_owned());
    Ok(())
}

async fn a_walk_over_scopes_survives_insertions_and_deletions(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    for rows in [1, 3] {
        let kept = scopes(scene, &store, 15).await?;
        let gone = scopes(scene, &store, 15).await?;
        let page = async |page| store.list_scopes(ScopeKind::Session, page).await;
        let between = async |number: usize| {
            if number < 15 {
                other.delete_scope(&gone[number]).await?;
                must_commit(&other, &fresh_scope(scene), CommitRule::CreateNew(living(HOUR)), vec![]).await?;
            }
            other.load(&kept[number % 15], &[], Some(fastestmcp_core::session::Touch::new(HOUR * 2))).await?;
            Ok(())
        };
        let seen = walk(scene, limit(rows)?, page, between).await?;
        let seen = seen.into_iter().map(|(scope, _)| scope).collect();
        exactly_once(scene, &format!("scopes by {rows}"), seen, &kept);
    }
    Ok(())
}

async fn a_system_scope_is_listed_while_it_holds_a_key(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let listed = async || -> Result<Vec<String>, Halt> {
        let page = async |page| store.list_scopes(ScopeKind::System, page).await;
        let rows = walk(scene, PageLimit::default(), page, async |_| Ok(())).await?;
        Ok(rows.into_iter().map(|(scope, _)| scope.id).collect())
    };
    let scope = Scope::new(ScopeKind::System, "one");
    scene.same("before any key", &listed().await?, &Vec::<String>::new());
    put(&store, &scope, "key", "x").await?;
    scene.same("with a key", &listed().await?, &vec!["one".to_owned()]);
    must_commit(&store, &scope, CommitRule::Existing, vec![delete("key")]).await?;
    scene.same("without its key", &listed().await?, &Vec::<String>::new());
    put_for(&store, &scope, "key", MS).await?;
    scene.advance(MS);
    scene.same("with an expired key", &listed().await?, &Vec::<String>::new());
    Ok(())
}

async fn a_system_scope_is_listed_for_an_empty_key(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let mut scopes = Vec::new();
    for keys in [vec![""], vec!["", "a"], vec!["a"]] {
        let scope = Scope::new(ScopeKind::System, scene.name("system"));
        let ops = keys.into_iter().map(|key| Op::put(key, "x")).collect();
        must_commit(&store, &scope, CommitRule::Existing, ops).await?;
        scopes.push(scope);
    }
    for rows in [1, 2, 100] {
        let page = async |page| store.list_scopes(ScopeKind::System, page).await;
        let seen = walk(scene, limit(rows)?, page, async |_| Ok(())).await?;
        let seen = seen.into_iter().map(|(scope, _)| scope).collect();
        exactly_once(scene, &format!("System scopes by {rows}"), seen, &scopes);
    }
    scene.same("their number", &store.count_scopes(ScopeKind::System, 100).await?.value, &3);
    scene.same("deleting the first", &store.delete_scope(&scopes[0]).await?.value, &true);
    scene.same("their number then", &store.count_scopes(ScopeKind::System, 100).await?.value, &2);
    Ok(())
}

async fn counting_is_bounded(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    scopes(scene, &store, 10).await?;
    live_scope(scene, &store, HOUR / 2).await?;
    let handle = Scope::new(ScopeKind::Handle, "h");
    must_commit(&store, &handle, CommitRule::CreateNew(living(HOUR)), vec![]).await?;
    // A count may be 1 s old.
    scene.advance(MS * 1_001);
    for store in [&store, &other] {
        for (at_most, wanted) in [(0, 0), (5, 5), (11, 11), (12, 11), (u64::MAX, 11)] {
            let count = store.count_scopes(ScopeKind::Session, at_most).await?.value;
            scene.same(&format!("11 scopes counted up to {at_most}"), &count, &wanted);
        }
    }
    scene.advance(HOUR / 2);
    let count = store.count_scopes(ScopeKind::Session, 100).await?.value;
    scene.same("after one expired", &count, &10);
    Ok(())
}
