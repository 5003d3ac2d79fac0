//! What the cases of this seam do over and over, in one line each.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::session::{
    Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Lifetime, Loaded, Op, Scope, ScopeKind,
    SessionStateStore, Version,
};

use crate::brief::brief;
use crate::halt::Halt;
use crate::scene::Scene;

pub(super) type Store = Arc<dyn SessionStateStore>;

pub(super) const MS: Duration = Duration::from_millis(1);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// A session scope that nothing has used yet.
pub(super) fn fresh_scope(scene: &Scene) -> Scope {
    Scope::new(ScopeKind::Session, scene.name("scope"))
}

pub(super) const fn living(ttl: Duration) -> Lifetime {
    Lifetime { ttl, max_life: None }
}

/// A session scope that lives for `ttl` and holds nothing.
pub(super) async fn live_scope(scene: &Scene, store: &Store, ttl: Duration) -> Result<Scope, Halt> {
    let scope = fresh_scope(scene);
    must_commit(store, &scope, CommitRule::CreateNew(living(ttl)), vec![]).await?;
    Ok(scope)
}

pub(super) async fn commit(
    store: &Store,
    scope: &Scope,
    rule: CommitRule,
    ops: Vec<Op>,
) -> Result<CommitOutcome, Halt> {
    Ok(store.commit(CommitRequest::new(scope.clone(), rule, ops)).await?.value)
}

/// A commit that the rest of the case cannot do without.
pub(super) async fn must_commit(
    store: &Store,
    scope: &Scope,
    rule: CommitRule,
    ops: Vec<Op>,
) -> Result<Vec<Applied>, Halt> {
    let asked = brief(&ops);
    match commit(store, scope, rule, ops).await? {
        CommitOutcome::Committed(applied) => Ok(applied),
        other => Err(Halt::Wrong(format!("the commit of {asked} under {rule:?} should apply, got {}", brief(&other)))),
    }
}

/// Puts one key of a live scope.
pub(super) async fn put(store: &Store, scope: &Scope, key: &str, value: impl Into<Bytes>) -> Result<Version, Halt> {
    put_op(store, scope, Op::put(key, value)).await
}

/// Puts one key of a live scope with a life of its own.
pub(super) async fn put_for(store: &Store, scope: &Scope, key: &str, ttl: Duration) -> Result<Version, Halt> {
    put_op(store, scope, lasting(key, "mortal", ttl)).await
}

pub(super) fn lasting(key: &str, value: &'static str, ttl: Duration) -> Op {
    Op::Put { key: key.to_owned(), value: Bytes::from(value), expect: Expect::Any, ttl: Some(ttl) }
}

pub(super) fn put_if(key: &str, value: impl Into<Bytes>, expect: Expect) -> Op {
    Op::Put { key: key.to_owned(), value: value.into(), expect, ttl: None }
}

pub(super) fn check(key: &str, expect: Expect) -> Op {
    Op::Check { key: key.to_owned(), expect }
}

pub(super) fn take(key: &str) -> Op {
    Op::Take { key: key.to_owned(), expect: Expect::Any }
}

pub(super) fn delete(key: &str) -> Op {
    Op::Delete { key: key.to_owned(), expect: Expect::Any }
}

async fn put_op(store: &Store, scope: &Scope, op: Op) -> Result<Version, Halt> {
    match must_commit(store, scope, CommitRule::Existing, vec![op]).await?.as_slice() {
        [Applied::Put(version)] => Ok(*version),
        other => Err(Halt::Wrong(format!("one put should be answered with one version, got {other:?}"))),
    }
}

pub(super) async fn load(store: &Store, scope: &Scope, keys: &[&str]) -> Result<Loaded, Halt> {
    let loaded = store.load(scope, keys, None).await?.value;
    if loaded.entries.len() != keys.len() {
        return Err(Halt::Wrong(format!("{} keys asked, {} answers", keys.len(), loaded.entries.len())));
    }
    Ok(loaded)
}

pub(super) async fn get(store: &Store, scope: &Scope, key: &str) -> Result<Option<Entry>, Halt> {
    Ok(load(store, scope, &[key]).await?.entries.pop().flatten())
}

/// The value of a key as text.
pub(super) async fn text(store: &Store, scope: &Scope, key: &str) -> Result<Option<String>, Halt> {
    Ok(get(store, scope, key).await?.map(|entry| String::from_utf8_lossy(&entry.value).into_owned()))
}
