//! Whose time it is (G1).

use fastestmcp_core::session::{Applied, CommitOutcome, CommitRequest, CommitRule, Op};

use super::steps::{HOUR, MS, get, live_scope, load, put_for};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;

cases! { Session, "session.clock";
    "G1": every_answer_carries_the_stores_time,
    "G1": all_nodes_share_one_clock,
    "G1": time_follows_the_order_of_commits,
}

async fn every_answer_carries_the_stores_time(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR * 24).await?;
    for _ in 0..5 {
        scene.advance(MS * 7);
        let now = store.ping().await?;
        let commit = CommitRequest::new(scope.clone(), CommitRule::Existing, vec![Op::put("a", "1")]);
        let answers = [
            ("load", store.load(&scope, &["a"], None).await?.now),
            ("commit", store.commit(commit).await?.now),
            ("list_entries", store.list_entries(&scope, "", Default::default()).await?.now),
            ("list_scopes", store.list_scopes(scope.kind, Default::default()).await?.now),
            ("delete_scope", store.delete_scope(&super::steps::fresh_scope(scene)).await?.now),
        ];
        for (operation, at) in answers {
            scene.same(&format!("the time of {operation}, the clock standing still"), &at, &now);
        }
    }
    Ok(())
}

async fn all_nodes_share_one_clock(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    for index in 0..scene.nodes() {
        let node = scene.sessions(index).await?;
        scene.same("the time on another node", &node.ping().await?, &store.ping().await?);
        let scope = live_scope(scene, &node, HOUR).await?;
        put_for(&node, &scope, "key", HOUR / 2).await?;
        let now = store.ping().await?;
        let expires = load(&store, &scope, &[]).await?.scope.and_then(|info| info.expires);
        scene.same("the deadline of a scope made by another node", &expires, &Some(now.after(HOUR)));
        let expires = get(&store, &scope, "key").await?.and_then(|entry| entry.expires);
        scene.same("the deadline of an entry made by another node", &expires, &Some(now.after(HOUR / 2)));
    }
    Ok(())
}

/// With the clock read before the wait for the lock, a later commit can carry an earlier time.
async fn time_follows_the_order_of_commits(scene: &Scene) -> CaseResult {
    let store = scene.sessions(0).await?;
    let scope = live_scope(scene, &store, HOUR * 1_000).await?;
    let mut writers = Vec::new();
    for writer in 0..8 {
        let (store, scope) = (scene.sessions(writer % scene.nodes()).await?, scope.clone());
        let (clock, rounds) = (scene.clock.clone(), scene.times(40));
        writers.push(tokio::spawn(async move {
            let mut seen = Vec::new();
            for round in 0..rounds {
                clock.advance(MS);
                let op = Op::put("key", format!("{writer}.{round}"));
                let done = store.commit(CommitRequest::new(scope.clone(), CommitRule::Existing, vec![op])).await?;
                if let CommitOutcome::Committed(applied) = done.value
                    && let [Applied::Put(version)] = applied.as_slice()
                {
                    seen.push((*version, done.now));
                }
            }
            Ok::<_, Halt>(seen)
        }));
    }
    let mut commits = Vec::new();
    for writer in writers {
        commits.extend(writer.await.map_err(|error| Halt::Harness(error.to_string()))??);
    }
    commits.sort_unstable();
    let backwards = commits.windows(2).filter(|pair| pair[1].1 < pair[0].1).take(3);
    for pair in backwards {
        scene.violation(format!(
            "{:?} was written at {:?}, after {:?} at {:?}",
            pair[1].0, pair[1].1, pair[0].0, pair[0].1
        ));
    }
    Ok(())
}
