//! More at once, and more of it, than backends take together in one group, step or page (G4, G10, G14).

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::session::{CommitOutcome, CommitRequest, CommitRule, Expect, Op};

use super::steps::{HOUR, Store, fresh_scope, lasting, live_scope, living, load, must_commit, put, put_if};
use crate::broom::sweep_all;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Session, "session.crowd";
    "G10": each_of_many_commits_at_once_has_its_own_outcome,
    "G10": each_of_many_loads_at_once_has_its_own_answer,
    "G14": a_sweep_of_many_rows_removes_as_many_as_it_may_and_the_next_the_rest,
    "G14": many_keys_of_one_scope_go_and_the_lasting_ones_stay,
}

/// More than any backend puts into one group.
const MANY: usize = 600;
/// Together more bytes than any backend puts into one group.
const BYTES: usize = 16 << 10;

async fn each_of_many_commits_at_once_has_its_own_outcome(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "taken", "first").await?;
    let mut racing = Vec::new();
    for number in 0..MANY {
        // Every third is refused.
        let key = if number % 3 == 0 { "taken".to_owned() } else { format!("k{number}") };
        let op = put_if(&key, vec![b'x'; BYTES], Expect::Absent);
        let (store, request) = (store.clone(), CommitRequest::new(scope.clone(), CommitRule::Existing, vec![op]));
        racing.push(tokio::spawn(async move { store.commit(request).await }));
    }
    for (number, one) in racing.into_iter().enumerate() {
        let outcome = one.await.map_err(|error| Halt::Wrong(error.to_string()))??.value;
        let is_right = match outcome {
            CommitOutcome::Committed(_) => number % 3 != 0,
            CommitOutcome::Mismatch { index: 0, current: Some(_) } => number % 3 == 0,
            _ => false,
        };
        scene.check(is_right, || format!("commit {number} of {MANY} got {}", crate::brief::brief(&outcome)));
    }
    for number in (0..MANY).filter(|number| number % 3 != 0) {
        let there = load(&store, &scope, &[&format!("k{number}")]).await?.entries[0].is_some();
        scene.check(there, || format!("what commit {number} put is not there"));
    }
    Ok(())
}

async fn each_of_many_loads_at_once_has_its_own_answer(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for number in 0..20 {
        put(&store, &scope, &format!("k{number}"), number.to_string()).await?;
    }
    let mut racing = Vec::new();
    for number in 0..MANY {
        let (store, scope) = (store.clone(), scope.clone());
        racing.push(tokio::spawn(async move { load(&store, &scope, &[&format!("k{}", number % 23)]).await }));
    }
    for (number, one) in racing.into_iter().enumerate() {
        let loaded = one.await.map_err(|error| Halt::Wrong(error.to_string()))??;
        let value = loaded.entries.into_iter().flatten().next().map(|entry| entry.value);
        let wanted = (number % 23 < 20).then(|| (number % 23).to_string().into());
        scene.same(&format!("load {number} of {MANY}"), &value, &wanted);
    }
    Ok(())
}

/// So many scopes with a key each, which have expired.
async fn expired(scene: &Scene, store: &Store, scopes: usize) -> CaseResult {
    let mut making = Vec::new();
    for _ in 0..scopes {
        let (store, scope) = (store.clone(), fresh_scope(scene));
        let ops = vec![Op::put("key", "x")];
        making.push(tokio::spawn(async move {
            must_commit(&store, &scope, CommitRule::CreateNew(living(HOUR)), ops).await.map(drop)
        }));
    }
    for one in making {
        one.await.map_err(|error| Halt::Wrong(error.to_string()))??;
    }
    scene.advance(HOUR);
    Ok(())
}

async fn a_sweep_of_many_rows_removes_as_many_as_it_may_and_the_next_the_rest(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    expired(scene, &store, 1_100).await?;
    let budget = SweepBudget { max_rows: 700, max_bytes: 4 << 20 };
    let first = store.sweep(budget).await?;
    scene.check(first.removed <= 700 && first.more, || format!("{first:?} of 1,100 scopes under {budget:?}"));
    let removed = first.removed + sweep_all(scene, &store, budget).await?;
    scene.check(removed >= 1_100, || format!("{removed} removed of 1,100 scopes"));
    scene.same("left for another sweep", &sweep_all(scene, &store, SweepBudget::default()).await?, &0);
    Ok(())
}

async fn many_keys_of_one_scope_go_and_the_lasting_ones_stay(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR * 10).await?;
    for batch in 0..5 {
        let mortal = (0..60).map(|index| lasting(&format!("mortal {batch}.{index}"), "x", HOUR));
        let ops = mortal.chain([Op::put(format!("kept {batch}"), "x")]).collect();
        must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    }
    scene.advance(HOUR);
    let removed = sweep_all(scene, &store, SweepBudget::default()).await?;
    scene.same("removed of 300 mortal keys", &removed, &300);
    let kept = load(&store, &scope, &["kept 0", "kept 1", "kept 2", "kept 3", "kept 4"]).await?.entries;
    scene.check(kept.iter().all(Option::is_some), || "lasting keys are gone".to_owned());
    // The rest goes with its scope, and so do 300 that are put once more.
    for batch in 0..5 {
        let ops = (0..60).map(|index| Op::put(format!("again {batch}.{index}"), "x")).collect();
        must_commit(&store, &scope, CommitRule::Existing, ops).await?;
    }
    scene.same("deleting the scope", &store.delete_scope(&scope).await?.value, &true);
    sweep_all(scene, &store, SweepBudget { max_rows: 90, max_bytes: 1 << 20 }).await?;
    scene.same("left for another sweep", &sweep_all(scene, &store, SweepBudget::default()).await?, &0);
    Ok(())
}
