//! Two namespaces of one database that use the same names for everything (G8).

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::session::{CommitRule, Op, Scope, ScopeKind};

use super::steps::{HOUR, MS, Store, fresh_scope, living, must_commit, put, text};
use crate::broom::sweep_all;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Session, "session.namespace";
    "G8": entries_of_one_scope_are_listed_in_its_own_only,
    "G8": scopes_are_listed_and_counted_in_their_own_only,
    "G8": a_scope_is_deleted_in_its_own_only,
    "G8": a_sweep_removes_what_is_its_own_only,
}

async fn both(scene: &Scene) -> Result<(Store, Store), Halt> {
    let name = Namespace::new("another").ok_or_else(|| Halt::Harness("a short name is refused".to_owned()))?;
    let node = scene.cluster().node_in(&name, 0).await?;
    let theirs = node.sessions.ok_or_else(|| Halt::Harness("node_in gave no session store".to_owned()))?;
    Ok((scene.sessions(0).await?, theirs))
}

/// The same scope in both, with a key of the same name and one of its own name.
async fn shared_scope(ours: &Store, theirs: &Store, scope: &Scope) -> CaseResult {
    for (store, who) in [(ours, "ours"), (theirs, "theirs")] {
        let ops = vec![Op::put("key", who), Op::put(who, who)];
        must_commit(store, scope, CommitRule::CreateNew(living(HOUR)), ops).await?;
    }
    Ok(())
}

async fn entries_of_one_scope_are_listed_in_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let (session, system) = (fresh_scope(scene), Scope::new(ScopeKind::System, "system"));
    shared_scope(&ours, &theirs, &session).await?;
    for (store, who) in [(&ours, "ours"), (&theirs, "theirs")] {
        put(store, &system, "key", who).await?;
        put(store, &system, who, who).await?;
    }
    for (store, who) in [(&ours, "ours"), (&theirs, "theirs")] {
        for scope in [&session, &system] {
            let listed = store.list_entries(scope, "", PageRequest::first(PageLimit::MAX)).await?.value.items;
            let keys: Vec<_> = listed.into_iter().map(|(key, _)| key).collect();
            scene.same(&format!("keys of {scope:?}"), &keys, &vec!["key".to_owned(), who.to_owned()]);
            scene.same("the value of a key in both", &text(store, scope, "key").await?, &Some(who.to_owned()));
        }
    }
    Ok(())
}

async fn scopes_are_listed_and_counted_in_their_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    for (store, count) in [(&ours, 3), (&theirs, 2)] {
        for kind in [ScopeKind::Session, ScopeKind::Handle, ScopeKind::Principal] {
            for index in 0..count {
                let scope = Scope::new(kind, format!("{count}-{index}"));
                must_commit(store, &scope, CommitRule::CreateNew(living(HOUR)), vec![]).await?;
            }
        }
        for index in 0..count {
            put(store, &Scope::new(ScopeKind::System, format!("{count}-{index}")), "key", "x").await?;
        }
    }
    // A count may be 1 s old.
    scene.advance(MS * 1_001);
    for (store, count) in [(&ours, 3_u64), (&theirs, 2)] {
        for kind in [ScopeKind::Session, ScopeKind::Handle, ScopeKind::Principal, ScopeKind::System] {
            let listed = store.list_scopes(kind, PageRequest::first(PageLimit::MAX)).await?.value.items;
            let foreign = listed.iter().filter(|(scope, _)| !scope.id.starts_with(&format!("{count}-"))).count();
            scene.same(
                &format!("{kind:?} scopes listed, and foreign ones"),
                &(listed.len(), foreign),
                &(count as usize, 0),
            );
            scene.same(&format!("{kind:?} scopes counted"), &store.count_scopes(kind, 100).await?.value, &count);
        }
    }
    Ok(())
}

async fn a_scope_is_deleted_in_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    let scope = fresh_scope(scene);
    shared_scope(&ours, &theirs, &scope).await?;
    scene.same("deleting ours", &ours.delete_scope(&scope).await?.value, &true);
    scene.same("ours", &text(&ours, &scope, "key").await?, &None);
    scene.same("theirs", &text(&theirs, &scope, "key").await?, &Some("theirs".to_owned()));
    scene.same("ours again", &ours.delete_scope(&scope).await?.value, &false);
    sweep_all(scene, &ours, SweepBudget::default()).await?;
    scene.same("theirs when ours was reaped", &text(&theirs, &scope, "key").await?, &Some("theirs".to_owned()));
    Ok(())
}

async fn a_sweep_removes_what_is_its_own_only(scene: &Scene) -> CaseResult {
    let (ours, theirs) = both(scene).await?;
    for _ in 0..5 {
        let scope = fresh_scope(scene);
        must_commit(&ours, &scope, CommitRule::CreateNew(living(HOUR)), vec![Op::put("key", "x")]).await?;
        let ops = vec![Op::put("key", "x")];
        must_commit(&theirs, &scope, CommitRule::CreateNew(living(HOUR * 2)), ops).await?;
    }
    scene.advance(HOUR);
    let budget = SweepBudget::default();
    scene.same("removed in the other", &sweep_all(scene, &theirs, budget).await?, &0);
    let removed = sweep_all(scene, &ours, budget).await?;
    scene.check(removed >= 5, || format!("{removed} removed of 5 scopes in their own"));
    let left = theirs.count_scopes(ScopeKind::Session, 100).await?.value;
    scene.same("scopes of the other", &left, &5);
    Ok(())
}
