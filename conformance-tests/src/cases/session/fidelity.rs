//! Bytes in, the same bytes out; names are never joined, globbed or cut (G7, G8).

use fastestmcp_core::ids::Namespace;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::session::{CommitRule, Op, Scope, ScopeKind};

use super::steps::{HOUR, fresh_scope, get, live_scope, living, load, must_commit, put, text};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::hostile;
use crate::scene::Scene;

cases! { Session, "session.fidelity";
    "G7": values_come_back_as_they_were_put,
    "G7": hostile_keys_are_distinct_and_listed_by_their_bytes,
    "G7": hostile_prefixes_select_by_bytes,
    "G7": hostile_scope_ids_are_distinct,
    "G7": scope_and_key_are_never_joined,
    "G7": kinds_of_scopes_are_distinct,
    "G8": namespaces_never_see_each_other,
    "G8": hostile_namespaces_are_distinct,
}

async fn values_come_back_as_they_were_put(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = live_scope(scene, &store, HOUR).await?;
    for (index, value) in hostile::values().into_iter().enumerate() {
        let key = format!("key-{index}");
        put(&store, &scope, &key, value.clone()).await?;
        let read = get(&other, &scope, &key).await?.map(|entry| entry.value);
        scene.same(&format!("value {index}, read by its key"), &read, &Some(value.clone()));
        let listed = other.list_entries(&scope, &key, PageRequest::default()).await?.value.items;
        let listed = listed.into_iter().find(|(listed, _)| *listed == key).map(|(_, entry)| entry.value);
        scene.same(&format!("value {index}, listed"), &listed, &Some(value));
    }
    Ok(())
}

async fn hostile_keys_are_distinct_and_listed_by_their_bytes(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let mut names = hostile::names();
    for name in &names {
        put(&store, &scope, name, name.clone()).await?;
    }
    for name in &names {
        scene.same(&format!("the value of {name:?}"), &text(&store, &scope, name).await?.as_ref(), &Some(name));
    }
    let listed = store.list_entries(&scope, "", PageRequest::first(PageLimit::MAX)).await?.value.items;
    let listed: Vec<_> = listed.into_iter().map(|(key, _)| key).collect();
    names.sort();
    scene.same("all keys, by their bytes", &listed, &names);
    Ok(())
}

async fn hostile_prefixes_select_by_bytes(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let mut names = hostile::names();
    names.sort();
    let ops = names.iter().map(|name| Op::put(name.clone(), "x")).collect();
    must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    for prefix in &names {
        let page = PageRequest::first(PageLimit::MAX);
        let listed = store.list_entries(&scope, prefix, page).await?.value.items;
        let listed: Vec<_> = listed.iter().map(|(key, _)| key.as_str()).collect();
        let wanted: Vec<_> =
            names.iter().map(String::as_str).filter(|name| name.starts_with(prefix.as_str())).collect();
        scene.same(&format!("keys that start with {prefix:?}"), &listed, &wanted);
    }
    Ok(())
}

async fn hostile_scope_ids_are_distinct(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let names = hostile::names();
    for name in &names {
        let scope = Scope::new(ScopeKind::Session, name.clone());
        let put = vec![Op::put("key", name.clone())];
        must_commit(&store, &scope, CommitRule::CreateNew(living(HOUR)), put).await?;
    }
    for name in &names {
        let scope = Scope::new(ScopeKind::Session, name.clone());
        let read = text(&store, &scope, "key").await?;
        scene.same(&format!("the value in scope {name:?}"), &read.as_ref(), &Some(name));
    }
    let mut listed: Vec<String> = Vec::new();
    let mut page = PageRequest::first(PageLimit::MAX);
    for _ in 0..names.len() {
        let got = store.list_scopes(ScopeKind::Session, page).await?.value;
        listed.extend(got.items.into_iter().map(|(scope, _)| scope.id));
        let Some(next) = got.next else { break };
        page = PageRequest::after(PageLimit::MAX, next);
    }
    listed.sort();
    let mut sorted = names.clone();
    sorted.sort();
    scene.same("all scopes listed", &listed, &sorted);
    for name in &names {
        let deleted = store.delete_scope(&Scope::new(ScopeKind::Session, name.clone())).await?.value;
        scene.check(deleted, || format!("scope {name:?} was gone already: another deletion took it along"));
    }
    Ok(())
}

async fn scope_and_key_are_never_joined(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    for kind in [ScopeKind::System, ScopeKind::Session] {
        for separator in ["::", ":", "/", "\0", "|", ".", "-", "_", ""] {
            let (long, short) = (format!("a{separator}b"), format!("b{separator}c"));
            let (one, two) = (Scope::new(kind, long), Scope::new(kind, "a"));
            must_commit(&store, &two, CommitRule::CreateIfMissing(living(HOUR)), vec![Op::put(&*short, "two")]).await?;
            must_commit(&store, &one, CommitRule::CreateIfMissing(living(HOUR)), vec![Op::put("c", "one")]).await?;
            let values = (text(&store, &one, "c").await?, text(&store, &two, &short).await?);
            let wanted = (Some("one".to_owned()), Some("two".to_owned()));
            scene.same(&format!("`a{separator}b` + `c` and `a` + `b{separator}c` in {kind:?}"), &values, &wanted);
        }
    }
    Ok(())
}

async fn kinds_of_scopes_are_distinct(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let id = scene.name("same");
    for kind in ScopeKind::ALL {
        let (scope, value) = (Scope::new(kind, id.clone()), format!("{kind:?}"));
        must_commit(&store, &scope, CommitRule::CreateIfMissing(living(HOUR)), vec![Op::put("key", value)]).await?;
    }
    for kind in ScopeKind::ALL {
        let read = text(&store, &Scope::new(kind, id.clone()), "key").await?;
        scene.same(&format!("the value in the {kind:?} scope"), &read, &Some(format!("{kind:?}")));
        let listed = store.list_scopes(kind, PageRequest::default()).await?.value.items;
        let kinds: Vec<_> = listed.iter().map(|(scope, _)| scope.kind).collect();
        scene.same(&format!("the {kind:?} scopes"), &kinds, &vec![kind]);
    }
    store.delete_scope(&Scope::new(ScopeKind::Session, id.clone())).await?;
    for kind in [ScopeKind::Handle, ScopeKind::Principal, ScopeKind::System] {
        let read = text(&store, &Scope::new(kind, id.clone()), "key").await?;
        scene.check(read.is_some(), || format!("deleting the session took the {kind:?} scope along"));
    }
    Ok(())
}

async fn namespaces_never_see_each_other(scene: &Scene) -> CaseResult {
    let ours = scene.sessions(0).await?;
    let Some(name) = Namespace::new("another") else { return Ok(()) };
    let node = scene.cluster().node_in(&name, 0).await?;
    let theirs = node.sessions.ok_or_else(|| Halt::Harness("node_in gave no session store".to_owned()))?;
    let scope = fresh_scope(scene);
    let system = Scope::new(ScopeKind::System, "shared");
    for (store, value) in [(&ours, "ours"), (&theirs, "theirs")] {
        must_commit(store, &scope, CommitRule::CreateNew(living(HOUR)), vec![Op::put("key", value)]).await?;
        must_commit(store, &system, CommitRule::Existing, vec![Op::put("key", value)]).await?;
    }
    for (store, value) in [(&ours, "ours"), (&theirs, "theirs")] {
        for scope in [&scope, &system] {
            scene.same("the value", &text(store, scope, "key").await?.as_deref(), &Some(value));
        }
        let listed = store.list_scopes(ScopeKind::Session, PageRequest::default()).await?.value.items.len();
        scene.same("scopes listed", &listed, &1);
        scene.same("scopes counted", &store.count_scopes(ScopeKind::Session, 10).await?.value, &1);
    }
    ours.delete_scope(&scope).await?;
    let read = text(&theirs, &scope, "key").await?;
    scene.same("theirs after ours was deleted", &read.as_deref(), &Some("theirs"));
    Ok(())
}

async fn hostile_namespaces_are_distinct(scene: &Scene) -> CaseResult {
    let names: Vec<_> = ["a", "ab", "a:", "a::b", "*", "%", "_", "{a}", "a/b", "a\0", "A", "default "]
        .into_iter()
        .filter_map(Namespace::new)
        .chain(Namespace::new("x".repeat(512)))
        .collect();
    let mut stores = Vec::new();
    for name in &names {
        let node = scene.cluster().node_in(name, 0).await?;
        let store = node.sessions.ok_or_else(|| Halt::Harness("node_in gave no session store".to_owned()))?;
        let scope = Scope::new(ScopeKind::Session, "s");
        let put = vec![Op::put("key", name.as_str().to_owned())];
        must_commit(&store, &scope, CommitRule::CreateNew(living(HOUR)), put).await?;
        stores.push(store);
    }
    for (name, store) in names.iter().zip(&stores) {
        let scope = Scope::new(ScopeKind::Session, "s");
        let read = text(store, &scope, "key").await?;
        scene.same("the value in its own namespace", &read.as_deref(), &Some(name.as_str()));
        let loaded = load(store, &scope, &["key"]).await?;
        scene.check(loaded.scope.is_some(), || format!("no scope in namespace {name:?}"));
    }
    Ok(())
}
