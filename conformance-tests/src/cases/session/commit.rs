//! All or nothing, preconditions and rules (S2, S3, S4, S5).

use fastestmcp_core::session::{Applied, CommitOutcome, CommitRule, Expect, Op, Scope, ScopeKind, Version};

use super::steps::{
    HOUR, check, commit, delete, fresh_scope, get, live_scope, living, load, must_commit, put, put_if, take, text,
};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Session, "session.commit";
    "S2": every_operation_is_answered_in_order,
    "S2": every_precondition_is_decided_by_what_is_stored,
    "S2": a_refused_commit_changes_nothing,
    "S2": the_first_mismatch_is_reported_with_what_is_stored,
    "S2": a_take_returns_and_removes,
    "S3": existing_needs_a_live_scope,
    "S3": create_if_missing_leaves_a_live_scope_alone,
    "S3": create_new_creates_once,
    "S3": a_refused_commit_creates_no_scope,
    "S3": system_scopes_always_exist,
    "S4": empty_null_and_absent_are_three_things,
    "S5": a_deleted_scope_is_gone_with_all_its_keys,
    "S5": a_scope_made_again_starts_empty,
}

async fn every_operation_is_answered_in_order(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "checked", "1").await?;
    put(&store, &scope, "old", "1").await?;
    let ops =
        vec![check("checked", Expect::Present), Op::put("new", "2"), delete("old"), delete("never"), take("nothing")];
    let applied = must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    let shape = matches!(
        applied.as_slice(),
        [Applied::Checked, Applied::Put(_), Applied::Deleted(true), Applied::Deleted(false), Applied::Taken(None)]
    );
    scene.check(shape, || format!("one result per operation, in order, was due; got {applied:?}"));
    scene.same("the deleted key", &text(&store, &scope, "old").await?, &None);
    scene.same("the new key", &text(&store, &scope, "new").await?, &Some("2".to_owned()));
    Ok(())
}

async fn every_precondition_is_decided_by_what_is_stored(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for present in [false, true] {
        for name in ["any", "absent", "present", "this version", "another version"] {
            let key = scene.name("key");
            let version = if present { put(&store, &scope, &key, "old").await? } else { Version(1) };
            let (expect, holds) = match name {
                "any" => (Expect::Any, true),
                "absent" => (Expect::Absent, !present),
                "present" => (Expect::Present, present),
                "this version" => (Expect::Version(version), present),
                _ => (Expect::Version(Version(version.0 + 1)), false),
            };
            let ops = [
                check(&key, expect),
                put_if(&key, "new", expect),
                Op::Take { key: key.clone(), expect },
                Op::Delete { key: key.clone(), expect },
            ];
            for op in ops {
                if present && holds {
                    // Each operation meets the same state: restore what the one before changed.
                    let restored = put(&store, &scope, &key, "old").await?;
                    if name == "this version" {
                        let op = with_expect(op, Expect::Version(restored));
                        let outcome = commit(&store, &scope, CommitRule::Existing, vec![op.clone()]).await?;
                        let ok = matches!(outcome, CommitOutcome::Committed(_));
                        scene.check(ok, || format!("{op:?} holds, got {outcome:?}"));
                        continue;
                    }
                } else if !present {
                    commit(&store, &scope, CommitRule::Existing, vec![delete(&key)]).await?;
                }
                let outcome = commit(&store, &scope, CommitRule::Existing, vec![op.clone()]).await?;
                let got = matches!(outcome, CommitOutcome::Committed(_));
                scene.check(got == holds, || format!("{op:?} on a key that is present={present}: got {outcome:?}"));
            }
        }
    }
    Ok(())
}

fn with_expect(op: Op, expect: Expect) -> Op {
    match op {
        Op::Put { key, value, ttl, .. } => Op::Put { key, value, expect, ttl },
        Op::Delete { key, .. } => Op::Delete { key, expect },
        Op::Take { key, .. } => Op::Take { key, expect },
        Op::Check { key, .. } => Op::Check { key, expect },
    }
}

async fn a_refused_commit_changes_nothing(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for key in ["put", "take", "delete"] {
        put(&store, &scope, key, "before").await?;
    }
    let before = load(&store, &scope, &["put", "take", "delete", "made"]).await?;
    let last = [check("nothing", Expect::Present), put_if("take2", "x", Expect::Version(Version(1)))];
    for refused in last {
        let ops = vec![Op::put("put", "after"), take("take"), delete("delete"), Op::put("made", "x"), refused];
        let outcome = commit(&store, &scope, CommitRule::Existing, ops).await?;
        scene.check(matches!(outcome, CommitOutcome::Mismatch { index: 4, .. }), || format!("got {outcome:?}"));
        let after = load(&store, &scope, &["put", "take", "delete", "made"]).await?;
        scene.same("entries after a refused commit", &after, &before);
    }
    Ok(())
}

async fn the_first_mismatch_is_reported_with_what_is_stored(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "b", "stored").await?;
    let stored = get(&store, &scope, "b").await?;
    let ops = vec![Op::put("a", "x"), put_if("b", "x", Expect::Absent), check("c", Expect::Present)];
    let outcome = commit(&store, &scope, CommitRule::Existing, ops).await?;
    scene.same("the first of two mismatches", &outcome, &CommitOutcome::Mismatch { index: 1, current: stored });
    let ops = vec![check("c", Expect::Present), put_if("b", "x", Expect::Absent)];
    let outcome = commit(&store, &scope, CommitRule::Existing, ops).await?;
    scene.same("a mismatch on an absent key", &outcome, &CommitOutcome::Mismatch { index: 0, current: None });
    Ok(())
}

async fn a_take_returns_and_removes(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "code", "secret").await?;
    let stored = get(&store, &scope, "code").await?;
    let first = must_commit(&store, &scope, CommitRule::Existing, vec![take("code")]).await?;
    scene.same("the first take", &first, &vec![Applied::Taken(stored)]);
    let second = must_commit(&store, &scope, CommitRule::Existing, vec![take("code")]).await?;
    scene.same("the second take", &second, &vec![Applied::Taken(None)]);
    scene.same("the key after it was taken", &get(&store, &scope, "code").await?, &None);
    Ok(())
}

async fn existing_needs_a_live_scope(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let (never, deleted) = (fresh_scope(scene), live_scope(scene, &store, HOUR).await?);
    let expired = live_scope(scene, &store, HOUR / 2).await?;
    scene.same("deleting a live scope", &store.delete_scope(&deleted).await?.value, &true);
    scene.advance(HOUR / 2);
    for (what, scope) in [("unknown", never), ("deleted", deleted), ("expired", expired)] {
        for ops in [vec![], vec![Op::put("key", "x")], vec![check("key", Expect::Absent)], vec![take("key")]] {
            let outcome = commit(&store, &scope, CommitRule::Existing, ops).await?;
            scene.same(&format!("a commit to a scope that is {what}"), &outcome, &CommitOutcome::ScopeGone);
        }
        let loaded = load(&store, &scope, &["key"]).await?;
        scene.same(&format!("the {what} scope afterwards"), &(loaded.scope, loaded.entries), &(None, vec![None]));
    }
    Ok(())
}

async fn create_if_missing_leaves_a_live_scope_alone(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = fresh_scope(scene);
    must_commit(&store, &scope, CommitRule::CreateIfMissing(living(HOUR)), vec![Op::put("a", "1")]).await?;
    let before = load(&store, &scope, &["a"]).await?;
    scene.advance(HOUR / 4);
    must_commit(&store, &scope, CommitRule::CreateIfMissing(living(HOUR * 9)), vec![Op::put("b", "2")]).await?;
    scene.same("a live scope after CreateIfMissing", &load(&store, &scope, &["a"]).await?, &before);
    scene.same("the key that came with it", &text(&store, &scope, "b").await?, &Some("2".to_owned()));
    Ok(())
}

async fn create_new_creates_once(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = fresh_scope(scene);
    must_commit(&store, &scope, CommitRule::CreateNew(living(HOUR)), vec![Op::put("a", "1")]).await?;
    let before = load(&store, &scope, &["a"]).await?;
    let again = vec![Op::put("a", "2"), check("never", Expect::Present)];
    let outcome = commit(&store, &scope, CommitRule::CreateNew(living(HOUR * 9)), again).await?;
    scene.same("CreateNew on a live scope", &outcome, &CommitOutcome::ScopeExists);
    scene.same("the live scope afterwards", &load(&store, &scope, &["a"]).await?, &before);
    scene.advance(HOUR);
    must_commit(&store, &scope, CommitRule::CreateNew(living(HOUR)), vec![]).await?;
    let loaded = load(&store, &scope, &["a"]).await?;
    scene.check(loaded.scope.is_some(), || "CreateNew on an expired scope should make it".to_owned());
    scene.same("a key of the expired scope", &loaded.entries, &vec![None]);
    Ok(())
}

async fn a_refused_commit_creates_no_scope(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    for rule in [CommitRule::CreateIfMissing(living(HOUR)), CommitRule::CreateNew(living(HOUR))] {
        let scope = fresh_scope(scene);
        let ops = vec![Op::put("a", "1"), check("b", Expect::Present)];
        let outcome = commit(&store, &scope, rule, ops).await?;
        scene.same("a failing check", &outcome, &CommitOutcome::Mismatch { index: 1, current: None });
        let loaded = load(&store, &scope, &["a"]).await?;
        scene.same("the scope afterwards", &(loaded.scope, loaded.entries), &(None, vec![None]));
    }
    Ok(())
}

async fn system_scopes_always_exist(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let rules = [CommitRule::Existing, CommitRule::CreateIfMissing(living(HOUR)), CommitRule::CreateNew(living(HOUR))];
    let scope = Scope::new(ScopeKind::System, scene.name("system"));
    let system = Some(fastestmcp_core::session::ScopeInfo::SYSTEM);
    scene.same("a System scope before any write", &load(&store, &scope, &[]).await?.scope, &system);
    for (index, rule) in rules.into_iter().enumerate() {
        must_commit(&store, &scope, rule, vec![Op::put(format!("k{index}"), "x")]).await?;
    }
    scene.advance(HOUR * 24 * 365);
    let loaded = load(&store, &scope, &["k0", "k1", "k2"]).await?;
    scene.same("a System scope a year later", &loaded.scope, &system);
    scene.check(loaded.entries.iter().all(Option::is_some), || "its keys should not expire".to_owned());
    scene.same("deleting one that holds keys", &store.delete_scope(&scope).await?.value, &true);
    scene.same("deleting one that holds none", &store.delete_scope(&scope).await?.value, &false);
    scene.same("a System scope after its deletion", &load(&store, &scope, &["k0"]).await?.scope, &system);
    must_commit(&store, &scope, CommitRule::Existing, vec![Op::put("k", "x")]).await?;
    Ok(())
}

async fn empty_null_and_absent_are_three_things(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "empty", "").await?;
    put(&store, &scope, "null", "null").await?;
    let loaded = load(&store, &scope, &["empty", "null", "absent"]).await?;
    let values: Vec<_> = loaded.entries.into_iter().map(|entry| entry.map(|entry| entry.value)).collect();
    scene.same("values", &values, &vec![Some("".into()), Some("null".into()), None]);
    Ok(())
}

async fn a_deleted_scope_is_gone_with_all_its_keys(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = live_scope(scene, &store, HOUR).await?;
    let ops = (0..50).map(|index| Op::put(format!("k{index}"), "x")).collect();
    must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    scene.same("deleting", &store.delete_scope(&scope).await?.value, &true);
    for store in [&store, &other] {
        let loaded = load(store, &scope, &["k0", "k49"]).await?;
        scene.same("the scope afterwards", &(loaded.scope, loaded.entries), &(None, vec![None, None]));
        let listed = store.list_entries(&scope, "", Default::default()).await?.value;
        scene.check(listed.items.is_empty(), || format!("{} keys are still listed", listed.items.len()));
    }
    scene.same("deleting again", &other.delete_scope(&scope).await?.value, &false);
    Ok(())
}

async fn a_scope_made_again_starts_empty(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "old", "x").await?;
    for round in ["deleted", "expired"] {
        if round == "deleted" {
            store.delete_scope(&scope).await?;
        } else {
            scene.advance(HOUR);
        }
        must_commit(&store, &scope, CommitRule::CreateNew(living(HOUR)), vec![]).await?;
        scene.same(&format!("a key from before it was {round}"), &get(&store, &scope, "old").await?, &None);
        let listed = store.list_entries(&scope, "", Default::default()).await?.value;
        scene.check(listed.items.is_empty(), || format!("{} old keys are listed", listed.items.len()));
        put(&store, &scope, "old", "x").await?;
    }
    Ok(())
}
