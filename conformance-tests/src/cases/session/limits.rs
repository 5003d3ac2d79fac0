//! Sizes and spans at, below and above their limits (G4, G7, G12).

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::error::{StoreError, StoreErrorKind};
use fastestmcp_core::limits::MAX_DURATION;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::session::{CommitRequest, CommitRule, Expect, Lifetime, Op, Scope, ScopeKind, Touch};
use fastestmcp_core::time::Clock;

use super::steps::{HOUR, Store, get, lasting, live_scope, living, load, must_commit, put, take};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::hostile;
use crate::refusal::refused;
use crate::scene::Scene;

cases! { Session, "session.limits";
    "G12": a_value_at_its_limit_fits_and_one_byte_more_does_not,
    "G12": a_batch_at_its_limit_fits_and_one_more_does_not,
    "G12": all_values_of_a_batch_together_have_a_limit,
    "G12": an_answer_has_a_limit_of_bytes,
    "G12": what_one_commit_takes_has_a_limit_of_bytes,
    "G7": a_name_of_513_bytes_is_refused,
    "G4": a_refused_request_changes_nothing,
    "G4": a_key_twice_in_one_commit_is_invalid,
    "G4": spans_of_zero_and_of_more_than_100_years_are_invalid,
    "G4": no_value_or_key_appears_in_an_error,
}

async fn try_put(store: &Store, scope: &Scope, ops: Vec<Op>) -> Result<(), StoreError> {
    store.commit(CommitRequest::new(scope.clone(), CommitRule::Existing, ops)).await.map(drop)
}

async fn a_value_at_its_limit_fits_and_one_byte_more_does_not(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let limit = store.guarantees().limits.max_value_bytes;
    for size in [limit - 1, limit] {
        let value = Bytes::from(vec![b'x'; size]);
        put(&store, &scope, "key", value.clone()).await?;
        let read = get(&store, &scope, "key").await?.map(|entry| entry.value);
        scene.check(read == Some(value), || format!("a value of {size} bytes did not come back"));
    }
    let got = try_put(&store, &scope, vec![Op::put("key", vec![b'y'; limit + 1])]).await;
    refused(scene, "one byte more", StoreErrorKind::TooLarge, &got);
    let kept = get(&store, &scope, "key").await?.map(|entry| entry.value.len());
    scene.same("the value afterwards", &kept, &Some(limit));
    Ok(())
}

async fn a_batch_at_its_limit_fits_and_one_more_does_not(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let limit = store.guarantees().limits.max_batch;
    let ops = |count: usize| -> Vec<Op> { (0..count).map(|index| Op::put(format!("k{index}"), "x")).collect() };
    must_commit(&store, &scope, CommitRule::Existing, ops(limit)).await?;
    refused(scene, "one operation more", StoreErrorKind::TooLarge, &try_put(&store, &scope, ops(limit + 1)).await);
    let keys: Vec<String> = (0..=limit).map(|index| format!("k{index}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let loaded = load(&store, &scope, &keys[..limit]).await?;
    scene.check(loaded.entries.iter().all(Option::is_some), || "not all keys of a full load came back".to_owned());
    refused(scene, "one key more", StoreErrorKind::TooLarge, &store.load(&scope, &keys, None).await);
    scene.same("the key of the refused batch", &get(&store, &scope, keys[limit]).await?, &None);
    Ok(())
}

async fn all_values_of_a_batch_together_have_a_limit(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let limits = store.guarantees().limits;
    let full = |extra: usize| -> Vec<Op> {
        let (mut left, mut ops) = (limits.max_batch_bytes + extra, Vec::new());
        while left > 0 {
            let size = left.min(limits.max_value_bytes);
            ops.push(Op::put(format!("k{}", ops.len()), vec![b'x'; size]));
            left -= size;
        }
        ops
    };
    if full(1).len() > limits.max_batch {
        return Ok(());
    }
    must_commit(&store, &scope, CommitRule::Existing, full(0)).await?;
    refused(scene, "one byte more", StoreErrorKind::TooLarge, &try_put(&store, &scope, full(1)).await);
    Ok(())
}

/// A scope with as many full values as one answer may have, and one more.
async fn crowded(scene: &Scene, store: &Store) -> Result<(Scope, Vec<String>), Halt> {
    let limits = store.guarantees().limits;
    let scope = live_scope(scene, store, HOUR).await?;
    let keys: Vec<String> =
        (0..=limits.max_batch_bytes / limits.max_value_bytes).map(|index| format!("k{index:03}")).collect();
    for key in &keys {
        put(store, &scope, key, vec![b'x'; limits.max_value_bytes]).await?;
    }
    Ok((scope, keys))
}

async fn an_answer_has_a_limit_of_bytes(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let limits = store.guarantees().limits;
    let (scope, keys) = crowded(scene, &store).await?;
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    let most = limits.max_batch_bytes / limits.max_value_bytes;
    let full = load(&store, &scope, &names[..most]).await?;
    scene.check(full.entries.iter().all(Option::is_some), || "a load at the limit lacks values".to_owned());
    let touch = Touch { ttl: HOUR * 2, slack: HOUR / 100 };
    for touch in [None, Some(touch)] {
        refused(scene, "one value more", StoreErrorKind::TooLarge, &store.load(&scope, &names, touch).await);
    }
    let expires = load(&store, &scope, &[]).await?.scope.and_then(|info| info.expires);
    let untouched = expires.is_some_and(|expires| expires <= scene.clock.now().after(HOUR));
    scene.check(untouched, || "a load that was refused has touched".to_owned());
    let (mut seen, mut request) = (Vec::new(), PageRequest::first(PageLimit::MAX));
    loop {
        let page = store.list_entries(&scope, "k", request).await?.value;
        let bytes: usize = page.items.iter().map(|(_, entry)| entry.value.len()).sum();
        // A backend may only see that a value is too much when it has it.
        let bounded = bytes <= limits.max_batch_bytes + limits.max_value_bytes && page.items.len() < keys.len();
        scene.check(bounded, || format!("a page of {bytes} bytes"));
        seen.extend(page.items.into_iter().map(|(key, _)| key));
        let Some(next) = page.next else { break };
        request = PageRequest::after(PageLimit::MAX, next);
    }
    scene.same("the keys of all pages", &seen, &keys);
    Ok(())
}

async fn what_one_commit_takes_has_a_limit_of_bytes(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let (scope, keys) = crowded(scene, &store).await?;
    let take = |keys: &[String]| keys.iter().map(|key| take(key)).collect::<Vec<_>>();
    let all = [vec![Op::put("beside", "x")], take(&keys)].concat();
    refused(scene, "one value more", StoreErrorKind::TooLarge, &try_put(&store, &scope, all).await);
    scene.same("what was put beside them", &get(&store, &scope, "beside").await?, &None);
    must_commit(&store, &scope, CommitRule::Existing, take(&keys[1..])).await?;
    scene.check(get(&store, &scope, &keys[0]).await?.is_some(), || "one that was not taken is gone".to_owned());
    Ok(())
}

async fn a_name_of_513_bytes_is_refused(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let long = hostile::too_long();
    let kind = StoreErrorKind::TooLarge;
    refused(scene, "a put", kind, &try_put(&store, &scope, vec![Op::put(&*long, "x")]).await);
    refused(scene, "a load", kind, &store.load(&scope, &[&long], None).await);
    refused(scene, "a prefix", kind, &store.list_entries(&scope, &long, PageRequest::default()).await);
    let system = Scope::new(ScopeKind::System, long);
    refused(scene, "a scope id", kind, &try_put(&store, &system, vec![Op::put("key", "x")]).await);
    refused(scene, "a load of a scope id", kind, &store.load(&system, &["key"], None).await);
    Ok(())
}

async fn a_refused_request_changes_nothing(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "a", "before").await?;
    let before = load(&store, &scope, &["a", "b"]).await?;
    let too_large = vec![Op::put("a", "after"), Op::put("b", "x"), Op::put(hostile::too_long(), "x")];
    refused(scene, "the last key too long", StoreErrorKind::TooLarge, &try_put(&store, &scope, too_large).await);
    let twice = vec![Op::put("a", "after"), Op::put("b", "x"), Op::put("b", "y")];
    refused(scene, "a key twice", StoreErrorKind::InvalidInput, &try_put(&store, &scope, twice).await);
    scene.same("the scope afterwards", &load(&store, &scope, &["a", "b"]).await?, &before);
    Ok(())
}

async fn a_key_twice_in_one_commit_is_invalid(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let check = || Op::Check { key: "k".into(), expect: Expect::Any };
    let put = || Op::put("k", "x");
    for ops in [vec![put(), put()], vec![check(), put()], vec![check(), Op::put("other", "x"), check()]] {
        let got = try_put(&store, &scope, ops).await;
        refused(scene, "a key twice", StoreErrorKind::InvalidInput, &got);
    }
    Ok(())
}

async fn spans_of_zero_and_of_more_than_100_years_are_invalid(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for span in [Duration::ZERO, MAX_DURATION + Duration::from_millis(1), Duration::MAX] {
        let got = try_put(&store, &scope, vec![lasting("key", "x", span)]).await;
        refused(scene, &format!("a ttl of {span:?}"), StoreErrorKind::InvalidInput, &got);
        let lives = [living(span), Lifetime { ttl: HOUR, max_life: Some(span) }];
        for life in lives {
            for rule in [CommitRule::CreateNew(life), CommitRule::CreateIfMissing(life)] {
                let fresh = super::steps::fresh_scope(scene);
                let got = store.commit(CommitRequest::new(fresh, rule, vec![])).await;
                refused(scene, &format!("{rule:?}"), StoreErrorKind::InvalidInput, &got);
            }
        }
    }
    Ok(())
}

async fn no_value_or_key_appears_in_an_error(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let secret = "hunter2";
    let long = secret.repeat(100);
    let errors = [
        try_put(&store, &scope, vec![Op::put(&*long, secret)]).await,
        try_put(&store, &scope, vec![Op::put(secret, secret), Op::put(secret, secret)]).await,
    ];
    for error in errors.into_iter().filter_map(Result::err) {
        let shown = format!("{error} {error:?}");
        scene.check(!shown.contains(secret), || format!("it shows what was sent: {}", error.kind as u8));
    }
    Ok(())
}
