//! Small races whose outcome is known (G10, S2, S3, S6).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fastestmcp_core::session::{Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Op, Scope};

use super::steps::{
    HOUR, Store, check, fresh_scope, get, live_scope, living, load, must_commit, put, put_if, take, text,
};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Session, "session.race";
    "S2": of_many_takers_exactly_one_gets_it,
    "S2": of_many_creators_of_a_key_exactly_one_wins,
    "S3": of_many_creators_of_a_scope_exactly_one_wins,
    "S3": a_write_racing_a_deletion_never_resurrects,
    "S6": puts_to_different_keys_never_lose_each_other,
    "G10": increments_by_compare_and_set_lose_none,
    "G10": what_one_node_wrote_every_node_reads,
    "G10": what_was_acknowledged_is_read_however_many_read_meanwhile,
    "G10": no_write_skew,
    "S1": a_load_is_one_snapshot,
    "G10": a_refused_commit_leaves_its_neighbours_alone,
}

/// Runs commits at once, the first on node 0, the second on node 1 and so on.
async fn together(scene: &Scene, requests: Vec<CommitRequest>) -> Result<Vec<CommitOutcome>, Halt> {
    let mut racing = Vec::new();
    for (index, request) in requests.into_iter().enumerate() {
        let store = scene.sessions(index % scene.nodes()).await?;
        racing.push(tokio::spawn(async move { store.commit(request).await }));
    }
    let mut outcomes = Vec::new();
    for one in racing {
        outcomes.push(one.await.map_err(|error| Halt::Wrong(error.to_string()))??.value);
    }
    Ok(outcomes)
}

fn to(scope: &Scope, ops: Vec<Op>) -> CommitRequest {
    CommitRequest::new(scope.clone(), CommitRule::Existing, ops)
}

fn committed(outcomes: &[CommitOutcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, CommitOutcome::Committed(_))).count()
}

async fn of_many_takers_exactly_one_gets_it(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for _ in 0..scene.times(10) {
        put(&store, &scope, "code", "secret").await?;
        let outcomes = together(scene, vec![to(&scope, vec![take("code")]); 8]).await?;
        let got = |outcome: &&CommitOutcome| match outcome {
            CommitOutcome::Committed(applied) => matches!(applied.as_slice(), [Applied::Taken(Some(_))]),
            _ => false,
        };
        scene.same("takers that got it", &outcomes.iter().filter(got).count(), &1);
    }
    Ok(())
}

async fn of_many_creators_of_a_key_exactly_one_wins(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for round in 0..scene.times(10) {
        let key = format!("nonce-{round}");
        let requests = (0..8).map(|_| to(&scope, vec![put_if(&key, "x", Expect::Absent)])).collect();
        scene.same("creators that won", &committed(&together(scene, requests).await?), &1);
    }
    Ok(())
}

async fn of_many_creators_of_a_scope_exactly_one_wins(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    for _ in 0..scene.times(10) {
        let scope = fresh_scope(scene);
        let request = |creator: usize| {
            let ops = vec![Op::put("creator", creator.to_string()), Op::put(format!("by{creator}"), "x")];
            CommitRequest::new(scope.clone(), CommitRule::CreateNew(living(HOUR)), ops)
        };
        let outcomes = together(scene, (0..8).map(request).collect()).await?;
        scene.same("creators that won", &committed(&outcomes), &1);
        let winner = outcomes.iter().position(|outcome| matches!(outcome, CommitOutcome::Committed(_)));
        let stored = text(&store, &scope, "creator").await?;
        scene.same("the creator stored", &stored, &winner.map(|winner| winner.to_string()));
        let keys = store.list_entries(&scope, "by", Default::default()).await?.value.items.len();
        scene.same("creators whose keys are there", &keys, &1);
    }
    Ok(())
}

async fn a_write_racing_a_deletion_never_resurrects(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    for _ in 0..scene.times(15) {
        let scope = live_scope(scene, &store, HOUR).await?;
        let mut writing = Vec::new();
        for index in 0..6 {
            let (store, scope) = (scene.sessions(index % scene.nodes()).await?, scope.clone());
            writing.push(tokio::spawn(async move {
                for round in 0..4 {
                    store.commit(to(&scope, vec![Op::put(format!("k{index}.{round}"), "x")])).await?;
                }
                Ok::<_, Halt>(())
            }));
        }
        let deleted = scene.sessions(1).await?.delete_scope(&scope).await?.value;
        scene.check(deleted, || "a live scope was not there to delete".to_owned());
        for one in writing {
            one.await.map_err(|error| Halt::Wrong(error.to_string()))??;
        }
        let loaded = load(&store, &scope, &["k0.0", "k5.3"]).await?;
        scene.same("the scope afterwards", &(loaded.scope, loaded.entries), &(None, vec![None, None]));
        let outcome = super::steps::commit(&store, &scope, CommitRule::Existing, vec![Op::put("late", "x")]).await?;
        scene.same("a later write", &outcome, &CommitOutcome::ScopeGone);
        must_commit(&store, &scope, CommitRule::CreateNew(living(HOUR)), vec![]).await?;
        let keys = store.list_entries(&scope, "", Default::default()).await?.value.items.len();
        scene.same("keys from before the deletion", &keys, &0);
    }
    Ok(())
}

async fn puts_to_different_keys_never_lose_each_other(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let count = scene.times(64);
    let requests = (0..count).map(|index| to(&scope, vec![Op::put(format!("k{index:05}"), index.to_string())]));
    let outcomes = together(scene, requests.collect()).await?;
    scene.same("puts that were applied", &committed(&outcomes), &count);
    for index in 0..count {
        let read = text(&store, &scope, &format!("k{index:05}")).await?;
        scene.same("a value put by one of many", &read, &Some(index.to_string()));
    }
    Ok(())
}

async fn increment(store: &Store, scope: &Scope) -> Result<(), Halt> {
    loop {
        let entry = get(store, scope, "count").await?;
        let count = entry.as_ref().and_then(|entry| String::from_utf8_lossy(&entry.value).parse::<u64>().ok());
        let expect = entry.map_or(Expect::Absent, |entry| Expect::Version(entry.version));
        let op = put_if("count", (count.unwrap_or(0) + 1).to_string(), expect);
        if let CommitOutcome::Committed(_) = store.commit(to(scope, vec![op])).await?.value {
            return Ok(());
        }
    }
}

async fn increments_by_compare_and_set_lose_none(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let rounds = scene.times(4);
    let mut running = Vec::new();
    for index in 0..8 {
        let (store, scope) = (scene.sessions(index % scene.nodes()).await?, scope.clone());
        running.push(tokio::spawn(async move {
            for _ in 0..rounds {
                increment(&store, &scope).await?;
            }
            Ok::<_, Halt>(())
        }));
    }
    for one in running {
        one.await.map_err(|error| Halt::Wrong(error.to_string()))??;
    }
    let count = text(&store, &scope, "count").await?;
    scene.same("the sum of all increments", &count, &Some((8 * rounds).to_string()));
    Ok(())
}

async fn what_one_node_wrote_every_node_reads(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for round in 0..scene.times(20) {
        let writer = scene.sessions(round % scene.nodes()).await?;
        let version = put(&writer, &scope, "key", round.to_string()).await?;
        for reader in 0..scene.nodes() {
            let entry = get(&scene.sessions(reader).await?, &scope, "key").await?;
            let seen = entry.map(|Entry { value, version, .. }| (value, version));
            scene.same("read after an acknowledged write", &seen, &Some((round.to_string().into(), version)));
        }
    }
    Ok(())
}

/// Reads that are under way all the time, with which a backend may let others share: none that was begun before a write was
/// acknowledged answers one that was asked for afterwards.
async fn what_was_acknowledged_is_read_however_many_read_meanwhile(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    put(&store, &scope, "key", "first").await?;
    let over = Arc::new(AtomicBool::new(false));
    let mut reading = Vec::new();
    for reader in 0..8 {
        let (store, scope, over) = (scene.sessions(reader % scene.nodes()).await?, scope.clone(), over.clone());
        reading.push(tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                get(&store, &scope, "key").await?;
                tokio::task::yield_now().await;
            }
            Ok::<_, Halt>(())
        }));
    }
    for round in 0..scene.times(150) {
        let value = round.to_string();
        put(&store, &scope, "key", value.clone()).await?;
        for node in 0..scene.nodes() {
            let seen = text(&scene.sessions(node).await?, &scope, "key").await?;
            scene.same(&format!("node {node} after write {round} was acknowledged"), &seen, &Some(value.clone()));
        }
    }
    over.store(true, Ordering::SeqCst);
    for one in reading {
        one.await.map_err(|error| Halt::Wrong(error.to_string()))??;
    }
    Ok(())
}

async fn no_write_skew(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    for round in 0..scene.times(25) {
        // Two doctors on call; each may leave only if the other stays.
        let a = put(&store, &scope, "a", "on").await?;
        let b = put(&store, &scope, "b", "on").await?;
        let leave_a = vec![check("b", Expect::Version(b)), Op::put("a", "off")];
        let leave_b = vec![Op::put("b", "off"), check("a", Expect::Version(a))];
        let outcomes = together(scene, vec![to(&scope, leave_a), to(&scope, leave_b)]).await?;
        scene.same(&format!("of two that exclude each other, round {round}"), &committed(&outcomes), &1);
    }
    Ok(())
}

async fn a_load_is_one_snapshot(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR).await?;
    let keys = ["a", "b", "c", "d"];
    let all = move |value: usize| keys.map(|key| Op::put(key, value.to_string())).to_vec();
    must_commit(&store, &scope, CommitRule::Existing, all(0)).await?;
    let (writer, written) = (scene.sessions(1).await?, scope.clone());
    let reading = Arc::new(AtomicBool::new(true));
    let until = reading.clone();
    let writing = tokio::spawn(async move {
        let mut round = 0;
        while until.load(Ordering::Relaxed) {
            round += 1;
            writer.commit(to(&written, all(round))).await?;
            tokio::task::yield_now().await;
        }
        Ok::<_, Halt>(())
    });
    for _ in 0..scene.times(60) {
        let loaded = load(&store, &scope, &keys).await?;
        let values: Vec<_> = loaded.entries.into_iter().flatten().map(|entry| entry.value).collect();
        let one = values.len() == 4 && values.windows(2).all(|pair| pair[0] == pair[1]);
        scene.check(one, || format!("four keys always written together were read as {values:?}"));
        tokio::task::yield_now().await;
    }
    reading.store(false, Ordering::Relaxed);
    writing.await.map_err(|error| Halt::Wrong(error.to_string()))??;
    Ok(())
}

/// Callers may share a transaction, but each has its own outcome.
async fn a_refused_commit_leaves_its_neighbours_alone(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let count = 24;
    for _ in 0..scene.times(4) {
        let scopes: Vec<Scope> = (0..count).map(|_| fresh_scope(scene)).collect();
        let requests = scopes.iter().enumerate().map(|(index, scope)| {
            let mut ops = vec![Op::put("key", index.to_string())];
            if index % 3 == 1 {
                ops.push(check("key2", Expect::Present));
            }
            let rule = if index % 3 == 2 { CommitRule::Existing } else { CommitRule::CreateNew(living(HOUR)) };
            CommitRequest::new(scope.clone(), rule, ops)
        });
        let outcomes = together(scene, requests.collect()).await?;
        for (index, (scope, outcome)) in scopes.iter().zip(&outcomes).enumerate() {
            let as_due = match index % 3 {
                0 => matches!(outcome, CommitOutcome::Committed(_)),
                1 => matches!(outcome, CommitOutcome::Mismatch { index: 1, current: None }),
                _ => matches!(outcome, CommitOutcome::ScopeGone),
            };
            scene.check(as_due, || format!("commit {index} of {count} at once got {outcome:?}"));
            let wanted = (index % 3 == 0).then(|| index.to_string());
            scene.same(&format!("what commit {index} left behind"), &text(&store, scope, "key").await?, &wanted);
        }
    }
    Ok(())
}
