//! Deadlines in virtual time, exact to the millisecond (G1, G3).

use std::time::Duration;

use fastestmcp_core::limits::MAX_DURATION;
use fastestmcp_core::page::PageRequest;
use fastestmcp_core::session::{Applied, CommitOutcome, CommitRule, Expect, Lifetime, Op, Scope, ScopeKind, Touch};

use super::steps::{
    HOUR, MS, check, commit, delete, fresh_scope, get, lasting, live_scope, living, load, must_commit, put, put_for,
    put_if, take, text,
};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Session, "session.expiry";
    "G3": an_entry_ends_exactly_at_its_deadline,
    "G3": a_scope_ends_exactly_at_its_deadline,
    "G3": a_scope_ends_exactly_at_its_absolute_end,
    "G3": an_expired_entry_is_absent_for_every_operation,
    "G3": an_expired_scope_is_absent_for_every_operation,
    "G3": an_entry_dies_with_its_scope,
    "G1": any_duration_from_1_ms_to_100_years_is_exact,
    "G1": a_duration_is_rounded_up_to_whole_milliseconds,
    "S2": a_put_without_ttl_clears_the_old_one,
    "S2": a_put_with_ttl_replaces_the_old_one,
    "G3": nothing_extends_an_entry_but_a_put,
    "G3": a_system_entry_expires_too,
}

/// Odd lengths: below a second, not a whole second, more than 32 bits of milliseconds, the longest.
const SPANS: [Duration; 8] = [
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(999),
    Duration::from_millis(1_500),
    Duration::from_millis(61_001),
    Duration::from_millis((1 << 32) - 1),
    Duration::from_millis((1 << 32) + 1_234),
    MAX_DURATION,
];

async fn an_entry_ends_exactly_at_its_deadline(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = live_scope(scene, &store, HOUR).await?;
    put_for(&store, &scope, "key", Duration::from_millis(1_500)).await?;
    scene.advance(Duration::from_millis(1_499));
    for store in [&store, &other] {
        scene.check(get(store, &scope, "key").await?.is_some(), || "absent 1 ms before its deadline".to_owned());
    }
    scene.advance(MS);
    for store in [&store, &other] {
        scene.same("the entry at its deadline", &get(store, &scope, "key").await?, &None);
    }
    scene.advance(MS);
    scene.same("the entry 1 ms after its deadline", &get(&store, &scope, "key").await?, &None);
    Ok(())
}

async fn a_scope_ends_exactly_at_its_deadline(scene: &Scene) -> CaseResult {
    let (store, other) = (scene.sessions(0).await?, scene.sessions(1).await?);
    let scope = live_scope(scene, &store, Duration::from_millis(1_500)).await?;
    put(&store, &scope, "a", "1").await?;
    scene.advance(Duration::from_millis(1_499));
    for store in [&store, &other] {
        let loaded = load(store, &scope, &["a"]).await?;
        let lives = loaded.scope.is_some() && loaded.entries[0].is_some();
        scene.check(lives, || format!("gone 1 ms before its deadline: {loaded:?}"));
    }
    for when in ["at its deadline", "1 ms after its deadline"] {
        scene.advance(MS);
        for store in [&store, &other] {
            let loaded = load(store, &scope, &["a"]).await?;
            scene.same(&format!("the scope {when}"), &(loaded.scope, loaded.entries), &(None, vec![None]));
        }
    }
    Ok(())
}

async fn a_scope_ends_exactly_at_its_absolute_end(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    for (ttl, max_life) in
        [(HOUR, Duration::from_millis(2_500)), (Duration::from_secs(1), Duration::from_millis(2_500))]
    {
        let scope = fresh_scope(scene);
        let rule = CommitRule::CreateNew(Lifetime { ttl, max_life: Some(max_life) });
        must_commit(&store, &scope, rule, vec![Op::put("a", "1")]).await?;
        for _ in 0..4 {
            scene.advance(Duration::from_millis(600));
            store.load(&scope, &[], Some(Touch { ttl: HOUR, slack: Duration::ZERO })).await?;
        }
        scene.advance(Duration::from_millis(99));
        let loaded = load(&store, &scope, &["a"]).await?;
        scene.check(loaded.scope.is_some(), || format!("gone 1 ms before its absolute end: {loaded:?}"));
        scene.advance(MS);
        let loaded = load(&store, &scope, &["a"]).await?;
        scene.same("the scope at its absolute end", &(loaded.scope, loaded.entries), &(None, vec![None]));
    }
    Ok(())
}

async fn an_expired_entry_is_absent_for_every_operation(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR * 24).await?;
    let gone = async |key: &str| -> Result<_, Halt> {
        let version = put_for(&store, &scope, key, HOUR).await?;
        scene.advance(HOUR);
        Ok(version)
    };
    let version = gone("a").await?;
    for expect in [Expect::Present, Expect::Version(version)] {
        let outcome = commit(&store, &scope, CommitRule::Existing, vec![put_if("a", "x", expect)]).await?;
        scene.same("a put that expects it", &outcome, &CommitOutcome::Mismatch { index: 0, current: None });
    }
    let found = must_commit(&store, &scope, CommitRule::Existing, vec![delete("a")]).await?;
    scene.same("deleting it", &found, &vec![Applied::Deleted(false)]);
    gone("b").await?;
    let found = must_commit(&store, &scope, CommitRule::Existing, vec![take("b")]).await?;
    scene.same("taking it", &found, &vec![Applied::Taken(None)]);
    gone("c").await?;
    let listed = store.list_entries(&scope, "", PageRequest::default()).await?.value;
    scene.check(listed.items.is_empty(), || format!("listed: {:?}", listed.items));
    must_commit(&store, &scope, CommitRule::Existing, vec![check("c", Expect::Absent)]).await?;
    let ops = vec![put_if("c", "new", Expect::Absent)];
    must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    scene.same("the key made again", &text(&store, &scope, "c").await?, &Some("new".to_owned()));
    Ok(())
}

async fn an_expired_scope_is_absent_for_every_operation(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "a", "1").await?;
    scene.advance(HOUR);
    let touched = store.load(&scope, &["a"], Some(Touch { ttl: HOUR, slack: Duration::ZERO })).await?.value;
    scene.same("a touch of it", &(touched.scope, touched.entries), &(None, vec![None]));
    let loaded = load(&store, &scope, &["a"]).await?;
    scene.same("it after the touch", &(loaded.scope, loaded.entries), &(None, vec![None]));
    let outcome = commit(&store, &scope, CommitRule::Existing, vec![Op::put("a", "2")]).await?;
    scene.same("a commit to it", &outcome, &CommitOutcome::ScopeGone);
    let entries = store.list_entries(&scope, "", PageRequest::default()).await?.value.items;
    scene.check(entries.is_empty(), || format!("its entries are listed: {entries:?}"));
    let scopes = store.list_scopes(ScopeKind::Session, PageRequest::default()).await?.value.items;
    scene.check(scopes.is_empty(), || format!("it is listed: {scopes:?}"));
    scene.same("deleting it", &store.delete_scope(&scope).await?.value, &false);
    Ok(())
}

async fn an_entry_dies_with_its_scope(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put_for(&store, &scope, "long", HOUR * 5).await?;
    scene.advance(HOUR);
    must_commit(&store, &scope, CommitRule::CreateNew(living(HOUR)), vec![]).await?;
    scene.same("an entry that was to outlive its scope", &get(&store, &scope, "long").await?, &None);
    Ok(())
}

async fn any_duration_from_1_ms_to_100_years_is_exact(scene: &Scene) -> CaseResult {
    for span in SPANS {
        // The longest spans move the clock by a century: each starts on a data set of its own.
        let scene = scene.another().await?;
        let store = scene.sessions(0).await?;
        let (scope, system) = (fresh_scope(&scene), Scope::new(ScopeKind::System, scene.name("system")));
        must_commit(&store, &scope, CommitRule::CreateNew(living(span)), vec![Op::put("a", "1")]).await?;
        must_commit(&store, &system, CommitRule::Existing, vec![lasting("a", "1", span)]).await?;
        let now = store.ping().await?;
        let expires = load(&store, &scope, &[]).await?.scope.and_then(|info| info.expires);
        scene.same(&format!("the deadline of a scope that lives {span:?}"), &expires, &Some(now.after(span)));
        let expires = get(&store, &system, "a").await?.and_then(|entry| entry.expires);
        scene.same(&format!("the deadline of an entry that lives {span:?}"), &expires, &Some(now.after(span)));
        scene.advance(span - MS);
        let alive = (get(&store, &scope, "a").await?.is_some(), get(&store, &system, "a").await?.is_some());
        scene.same(&format!("scope and entry 1 ms before {span:?}"), &alive, &(true, true));
        scene.advance(MS);
        let alive = (get(&store, &scope, "a").await?.is_some(), get(&store, &system, "a").await?.is_some());
        scene.same(&format!("scope and entry after {span:?}"), &alive, &(false, false));
    }
    Ok(())
}

async fn a_duration_is_rounded_up_to_whole_milliseconds(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put_for(&store, &scope, "a", Duration::from_nanos(1)).await?;
    put_for(&store, &scope, "b", Duration::from_micros(1_001)).await?;
    let alive = load(&store, &scope, &["a", "b"]).await?.entries;
    scene.check(alive.iter().all(Option::is_some), || format!("a positive duration vanished: {alive:?}"));
    scene.advance(MS);
    let alive: Vec<_> = load(&store, &scope, &["a", "b"]).await?.entries.iter().map(Option::is_some).collect();
    scene.same("1 ms later, entries of 1 ns and of 1.001 ms", &alive, &vec![false, true]);
    scene.advance(MS);
    scene.same("the second 2 ms later", &get(&store, &scope, "b").await?, &None);
    Ok(())
}

async fn a_put_without_ttl_clears_the_old_one(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put_for(&store, &scope, "a", MS).await?;
    put(&store, &scope, "a", "forever").await?;
    scene.advance(HOUR - MS);
    let entry = get(&store, &scope, "a").await?;
    scene.same("its own deadline", &entry.as_ref().map(|entry| entry.expires), &Some(None));
    scene.same("its value", &entry.map(|entry| entry.value), &Some("forever".into()));
    Ok(())
}

async fn a_put_with_ttl_replaces_the_old_one(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put_for(&store, &scope, "longer", MS).await?;
    put_for(&store, &scope, "longer", HOUR / 2).await?;
    put_for(&store, &scope, "shorter", HOUR / 2).await?;
    put_for(&store, &scope, "shorter", MS).await?;
    scene.advance(MS);
    let alive: Vec<_> =
        load(&store, &scope, &["longer", "shorter"]).await?.entries.iter().map(Option::is_some).collect();
    scene.same("the lengthened and the shortened entry", &alive, &vec![true, false]);
    Ok(())
}

async fn nothing_extends_an_entry_but_a_put(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put_for(&store, &scope, "a", MS * 3).await?;
    scene.advance(MS);
    store.load(&scope, &["a"], Some(Touch { ttl: HOUR * 2, slack: Duration::ZERO })).await?;
    must_commit(&store, &scope, CommitRule::Existing, vec![check("a", Expect::Present)]).await?;
    must_commit(&store, &scope, CommitRule::CreateIfMissing(living(HOUR)), vec![Op::put("b", "x")]).await?;
    store.list_entries(&scope, "", PageRequest::default()).await?;
    scene.advance(MS * 2);
    scene.same("an entry at its deadline, after reads, checks and touches", &get(&store, &scope, "a").await?, &None);
    Ok(())
}

async fn a_system_entry_expires_too(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = Scope::new(ScopeKind::System, scene.name("nonces"));
    let nonce = || Op::Put { key: "n".into(), value: "x".into(), expect: Expect::Absent, ttl: Some(HOUR) };
    must_commit(&store, &scope, CommitRule::Existing, vec![nonce()]).await?;
    scene.advance(HOUR - MS);
    let outcome = commit(&store, &scope, CommitRule::Existing, vec![nonce()]).await?;
    scene
        .check(matches!(outcome, CommitOutcome::Mismatch { .. }), || format!("a live nonce was accepted: {outcome:?}"));
    scene.advance(MS);
    must_commit(&store, &scope, CommitRule::Existing, vec![nonce()]).await?;
    Ok(())
}
