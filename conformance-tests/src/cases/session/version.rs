//! Versions rise and never repeat (G10).

use std::collections::BTreeSet;

use fastestmcp_core::session::{Applied, CommitOutcome, CommitRule, Expect, Op, Version};

use super::steps::{
    HOUR, Store, commit, delete, get, live_scope, living, load, must_commit, put, put_for, put_if, take,
};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;
use fastestmcp_core::session::Scope;

cases! { Session, "session.version";
    "G10": every_write_raises_the_version,
    "G10": a_version_is_never_used_again,
    "G10": an_old_version_matches_nothing_ever_again,
    "G10": versions_stay_below_2_to_53,
}

async fn every_write_raises_the_version(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let mut last = None;
    for round in 0..20 {
        // Identical rewrites are writes too.
        let version = put(&store, &scope, "key", if round % 2 == 0 { "same" } else { "other" }).await?;
        scene.check(Some(version) > last, || format!("put {round} got {version:?} after {last:?}"));
        let read = get(&store, &scope, "key").await?.map(|entry| entry.version);
        scene.same("the version read back", &read, &Some(version));
        last = Some(version);
    }
    Ok(())
}

/// Makes the key or its scope vanish in one of the ways there are; the key can be put again afterwards.
async fn vanish(scene: &Scene, store: &Store, scope: &Scope, way: usize) -> Result<&'static str, crate::halt::Halt> {
    let again = CommitRule::CreateNew(living(HOUR));
    Ok(match way {
        0 => {
            must_commit(store, scope, CommitRule::Existing, vec![delete("key")]).await?;
            "deleting it"
        }
        1 => {
            must_commit(store, scope, CommitRule::Existing, vec![take("key")]).await?;
            "taking it"
        }
        2 => {
            put_for(store, scope, "key", HOUR / 60).await?;
            scene.advance(HOUR / 60);
            "its expiry"
        }
        3 => {
            store.delete_scope(scope).await?;
            must_commit(store, scope, again, vec![]).await?;
            "deleting its scope"
        }
        4 => {
            store.delete_scope(scope).await?;
            store.sweep(Default::default()).await?;
            must_commit(store, scope, again, vec![]).await?;
            "sweeping its scope"
        }
        _ => {
            scene.advance(HOUR);
            must_commit(store, scope, again, vec![]).await?;
            "the expiry of its scope"
        }
    })
}

async fn a_version_is_never_used_again(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let mut used: BTreeSet<Version> = BTreeSet::new();
    for way in [0, 1, 2, 3, 4, 5, 0, 3, 5] {
        for _ in 0..3 {
            let version = put(&store, &scope, "key", "x").await?;
            let rises = used.last().is_none_or(|last| version > *last);
            scene.check(rises, || format!("{version:?} does not rise over {:?}", used.last()));
            used.insert(version);
        }
        let way = vanish(scene, &store, &scope, way).await?;
        let version = put(&store, &scope, "key", "x").await?;
        scene.check(used.insert(version), || format!("{version:?} was used again after {way}"));
    }
    Ok(())
}

async fn an_old_version_matches_nothing_ever_again(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for way in 0..6 {
        let old = put(&store, &scope, "key", "first").await?;
        let way = vanish(scene, &store, &scope, way).await?;
        put(&store, &scope, "key", "second").await?;
        let outcome =
            commit(&store, &scope, CommitRule::Existing, vec![put_if("key", "stale", Expect::Version(old))]).await?;
        scene.check(matches!(outcome, CommitOutcome::Mismatch { index: 0, current: Some(_) }), || {
            format!("a write that expects {old:?} from before {way}: got {outcome:?}")
        });
    }
    Ok(())
}

async fn versions_stay_below_2_to_53(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let ops = (0..100).map(|index| Op::put(format!("k{index}"), "x")).collect();
    for applied in must_commit(&store, &scope, CommitRule::Existing, ops).await? {
        let fits = matches!(applied, Applied::Put(version) if version.0 < 1 << 53);
        scene.check(fits, || format!("{applied:?} is not a version below 2^53"));
    }
    let loaded = load(&store, &scope, &["k0"]).await?;
    scene.check(loaded.entries[0].is_some(), || "a put key is absent".to_owned());
    Ok(())
}
