//! Concurrent histories over several nodes (G10).

use std::collections::BTreeMap;
use std::sync::Arc;

use fastestmcp_core::session::{Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Op, Scope};

use super::steps::{HOUR, Store, check, live_scope, load, put_if};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::history::{Append, Linear, Seen, Step, Stopwatch, What, anomalies, linearizable, out_of_order};
use crate::random::Random;
use crate::scene::Scene;

cases! { Session, "session.history";
    "G10": short_histories_are_linearizable,
    "G10": long_histories_follow_the_order_of_versions,
    "G10": transactions_of_a_scope_are_serializable,
}

fn seen(entry: Option<Entry>) -> Seen {
    // What a client wrote is a number; anything else was written by nobody.
    let number = |entry: &Entry| std::str::from_utf8(&entry.value).ok().and_then(|text| text.parse().ok());
    entry.map(|entry| (entry.version, number(&entry).unwrap_or(u64::MAX)))
}

/// One client on one node working on the keys of a scope.
struct Client {
    number: u64,
    store: Store,
    scope: Scope,
    watch: Arc<Stopwatch>,
    random: Random,
    last: BTreeMap<String, Seen>,
}

impl Client {
    /// One random operation on `key`. Without `removals` it never makes the key absent.
    async fn step(&mut self, key: &str, round: u64, removals: bool) -> Result<Step, Halt> {
        let value = self.number * 1_000_000 + round;
        let known = self.last.get(key).copied().flatten();
        let expect = match self.random.below(4) {
            0 => Expect::Absent,
            1 => known.map_or(Expect::Absent, |(version, _)| Expect::Version(version)),
            2 => Expect::Any,
            _ => Expect::Present,
        };
        let op = match self.random.below(if removals { 6 } else { 4 }) {
            0 | 1 => None,
            2 | 3 => Some(put_if(key, value.to_string(), expect)),
            4 => Some(Op::Delete { key: key.to_owned(), expect: Expect::Any }),
            _ => Some(Op::Take { key: key.to_owned(), expect: Expect::Any }),
        };
        let called = self.watch.stamp();
        let what = match op {
            None => What::Read(seen(load(&self.store, &self.scope, &[key]).await?.entries.pop().flatten())),
            Some(op) => self.write(op, expect, value).await?,
        };
        let returned = self.watch.stamp();
        self.last.insert(key.to_owned(), what.after(what_it_met(what)).flatten());
        Ok(Step { called, returned, what })
    }

    async fn write(&self, op: Op, expect: Expect, value: u64) -> Result<What, Halt> {
        let request = CommitRequest::new(self.scope.clone(), CommitRule::Existing, vec![op]);
        match self.store.commit(request).await?.value {
            CommitOutcome::Mismatch { current, .. } => Ok(What::Refused { expect, current: seen(current) }),
            CommitOutcome::Committed(applied) => match applied.as_slice() {
                [Applied::Put(version)] => Ok(What::Wrote { expect, version: *version, value }),
                [Applied::Deleted(found)] => Ok(What::Deleted(*found)),
                [Applied::Taken(entry)] => Ok(What::Took(seen(entry.clone()))),
                other => Err(Halt::Wrong(format!("one operation, answered with {other:?}"))),
            },
            other => Err(Halt::Wrong(format!("a commit to a live scope got {other:?}"))),
        }
    }
}

/// The state that explains an answer, so that the client knows what it left behind.
const fn what_it_met(what: What) -> Seen {
    match what {
        What::Refused { current: seen, .. } | What::Took(seen) | What::Read(seen) => seen,
        What::Wrote { expect: Expect::Version(version), .. } => Some((version, 0)),
        What::Wrote { expect: Expect::Present, .. } | What::Deleted(true) => {
            Some((fastestmcp_core::session::Version(0), 0))
        }
        What::Wrote { .. } | What::Deleted(false) => None,
    }
}

/// Runs clients on all nodes at once; the steps by key.
async fn record(
    scene: &Scene,
    clients: usize,
    rounds: usize,
    keys: &[&str],
    removals: bool,
) -> Result<BTreeMap<String, Vec<Step>>, Halt> {
    let scope = live_scope(scene, &scene.sessions(0).await?, HOUR).await?;
    let watch = Arc::new(Stopwatch::default());
    let mut running = Vec::new();
    for number in 0..clients {
        let (store, watch) = (scene.sessions(number % scene.nodes()).await?, watch.clone());
        let (scope, random) = (scope.clone(), scene.random.fork());
        let mut client = Client { number: number as u64, store, scope, watch, random, last: BTreeMap::new() };
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        running.push(tokio::spawn(async move {
            let mut steps = Vec::new();
            for round in 0..rounds {
                let key = &keys[client.random.below(keys.len())];
                steps.push((key.clone(), client.step(key, round as u64, removals).await?));
            }
            Ok::<_, Halt>(steps)
        }));
    }
    let mut by_key: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    for client in running {
        for (key, step) in client.await.map_err(|error| Halt::Wrong(error.to_string()))?? {
            by_key.entry(key).or_default().push(step);
        }
    }
    Ok(by_key)
}

async fn short_histories_are_linearizable(scene: &Scene) -> CaseResult {
    for _ in 0..scene.times(30) {
        for steps in record(scene, 4, 6, &["key"], true).await?.into_values() {
            let verdict = linearizable(&steps);
            if verdict != Linear::Yes {
                let mut steps = steps;
                steps.sort_by_key(|step| step.called);
                let lines: Vec<_> = steps.iter().map(|step| format!("\n      {step:?}")).collect();
                scene.violation(format!("linearizable: {verdict:?}{}", lines.concat()));
                return Ok(());
            }
        }
    }
    Ok(())
}

async fn long_histories_follow_the_order_of_versions(scene: &Scene) -> CaseResult {
    for removals in [false, true] {
        let by_key = record(scene, 8, scene.times(60), &["a", "b", "c"], removals).await?;
        for (key, steps) in by_key {
            for problem in out_of_order(&steps).into_iter().take(5) {
                scene.violation(format!("{key}: {problem}"));
            }
        }
    }
    Ok(())
}

fn list(entry: Option<&Entry>) -> Vec<u64> {
    let text = entry.map(|entry| String::from_utf8_lossy(&entry.value).into_owned()).unwrap_or_default();
    text.split(',').filter_map(|number| number.parse().ok()).collect()
}

/// One transaction: reads two of three lists, appends to one or both of them if nothing changed meanwhile.
async fn append(store: &Store, scope: &Scope, number: u64, random: &Random) -> Result<Option<Append>, Halt> {
    let skipped = random.below(3);
    let keys: Vec<&str> =
        ["x", "y", "z"].into_iter().enumerate().filter(|(at, _)| *at != skipped).map(|(_, key)| key).collect();
    let loaded = load(store, scope, &keys).await?;
    let mut one = Append { number, ..Append::default() };
    let (only, read_only) = (random.below(2), random.below(4) == 0);
    let mut ops = Vec::new();
    for (at, (key, entry)) in keys.into_iter().zip(&loaded.entries).enumerate() {
        let read = list(entry.as_ref());
        let expect = entry.as_ref().map_or(Expect::Absent, |entry| Expect::Version(entry.version));
        if read_only || (random.below(2) == 0 && at != only) {
            ops.push(check(key, expect));
        } else {
            let text: Vec<_> = read.iter().chain([&number]).map(ToString::to_string).collect();
            ops.push(put_if(key, text.join(","), expect));
            one.appended.push(key.to_owned());
        }
        one.read.insert(key.to_owned(), read);
    }
    if read_only {
        return Ok(Some(one));
    }
    match store.commit(CommitRequest::new(scope.clone(), CommitRule::Existing, ops)).await?.value {
        CommitOutcome::Committed(_) => Ok(Some(one)),
        CommitOutcome::Mismatch { .. } => Ok(None),
        other => Err(Halt::Wrong(format!("a commit to a live scope got {other:?}"))),
    }
}

async fn transactions_of_a_scope_are_serializable(scene: &Scene) -> CaseResult {
    for _ in 0..scene.times(3) {
        let store = scene.sessions(0).await?;
        let scope = live_scope(scene, &store, HOUR).await?;
        let mut running = Vec::new();
        for client in 0..6_u64 {
            let (store, scope) = (scene.sessions(client as usize % scene.nodes()).await?, scope.clone());
            let random = scene.random.fork();
            running.push(tokio::spawn(async move {
                let mut committed = Vec::new();
                for round in 0..25 {
                    committed.extend(append(&store, &scope, client * 1_000 + round + 1, &random).await?);
                }
                Ok::<_, Halt>(committed)
            }));
        }
        let mut committed = Vec::new();
        for client in running {
            committed.extend(client.await.map_err(|error| Halt::Wrong(error.to_string()))??);
        }
        let loaded = load(&store, &scope, &["x", "y", "z"]).await?;
        let lists = ["x", "y", "z"].into_iter().zip(&loaded.entries);
        let last = lists.map(|(key, entry)| (key.to_owned(), list(entry.as_ref()))).collect();
        for problem in anomalies(&committed, &last) {
            scene.violation(problem);
        }
    }
    Ok(())
}
