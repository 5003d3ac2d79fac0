//! Random sequences on one node at a time, compared with the reference model (S1–S5, G3).

use std::time::Duration;

use fastestmcp_core::backend::At;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::session::{
    Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Lifetime, Loaded, Op, Scope, ScopeKind,
    SessionStateStore, Touch, Version,
};
use proptest::prelude::*;

use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::model::Model;
use crate::scene::Scene;
use crate::sequence::{Drawn, Twins, explore};

cases! { Session, "session.sequence";
    "G10": any_sequence_is_answered_as_the_reference_model_answers_it,
}

/// A step; numbers choose from small sets, so that steps meet.
#[derive(Clone, Debug)]
enum Do {
    Commit { scope: usize, rule: Rule, ops: Vec<(usize, Kind, When)> },
    Load { scope: usize, touch: Option<(usize, usize)> },
    List { scope: usize, limit: usize },
    Delete { scope: usize },
    Advance { span: usize },
    Sweep,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    Existing,
    IfMissing(usize, Option<usize>),
    New(usize, Option<usize>),
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Put(Option<usize>),
    Delete,
    Take,
    Check,
}

#[derive(Clone, Copy, Debug)]
enum When {
    Any,
    Absent,
    Present,
    /// At the version that the key got so many writes ago.
    Drawn(usize),
}

const KEYS: [&str; 4] = ["", "a", "ab", "b\0"];
const SPANS: [u64; 6] = [1, 2, 5, 10, 100, 1_000];

fn span(index: usize) -> Duration {
    Duration::from_millis(SPANS[index % SPANS.len()])
}

fn steps() -> impl Strategy<Value = Do> {
    let spans = 0..SPANS.len();
    let some_span = proptest::option::of(spans.clone());
    let rule = prop_oneof![
        3 => Just(Rule::Existing),
        2 => (spans.clone(), some_span.clone()).prop_map(|(ttl, life)| Rule::IfMissing(ttl, life)),
        1 => (spans.clone(), some_span.clone()).prop_map(|(ttl, life)| Rule::New(ttl, life)),
    ];
    let kind = prop_oneof![
        4 => some_span.prop_map(Kind::Put),
        1 => Just(Kind::Delete),
        1 => Just(Kind::Take),
        1 => Just(Kind::Check),
    ];
    let when = prop_oneof![
        4 => Just(When::Any),
        1 => Just(When::Absent),
        1 => Just(When::Present),
        2 => (0..4_usize).prop_map(When::Drawn),
    ];
    let ops = proptest::collection::vec((0..KEYS.len(), kind, when), 0..4);
    prop_oneof![
        6 => (0..3_usize, rule, ops).prop_map(|(scope, rule, ops)| Do::Commit { scope, rule, ops }),
        3 => (0..3_usize, proptest::option::of((spans.clone(), spans.clone())))
            .prop_map(|(scope, touch)| Do::Load { scope, touch }),
        1 => (0..3_usize, 1..4_usize).prop_map(|(scope, limit)| Do::List { scope, limit }),
        1 => (0..3_usize).prop_map(|scope| Do::Delete { scope }),
        3 => spans.prop_map(|span| Do::Advance { span }),
        1 => Just(Do::Sweep),
    ]
}

/// The request with the store's versions, or with the model's.
fn request(
    scopes: &[Scope],
    scope: usize,
    rule: Rule,
    ops: &[(usize, Kind, When)],
    twins: &Twins,
    of_store: bool,
) -> CommitRequest {
    let life = |ttl: usize, life: Option<usize>| Lifetime { ttl: span(ttl), max_life: life.map(span) };
    let rule = match rule {
        Rule::Existing => CommitRule::Existing,
        Rule::IfMissing(ttl, max) => CommitRule::CreateIfMissing(life(ttl, max)),
        Rule::New(ttl, max) => CommitRule::CreateNew(life(ttl, max)),
    };
    let mut used = Vec::new();
    let mut made = Vec::new();
    for (number, (key, kind, when)) in ops.iter().enumerate() {
        if used.contains(key) {
            continue;
        }
        used.push(*key);
        let expect = match when {
            When::Any => Expect::Any,
            When::Absent => Expect::Absent,
            When::Present => Expect::Present,
            When::Drawn(nth) => match twins.nth_newest(&of(scope, KEYS[*key]), *nth) {
                Some((model, store)) => Expect::Version(Version(if of_store { store } else { model })),
                None => Expect::Absent,
            },
        };
        let key = KEYS[*key].to_owned();
        made.push(match kind {
            Kind::Put(ttl) => Op::Put { key, value: number.to_string().into(), expect, ttl: ttl.map(span) },
            Kind::Delete => Op::Delete { key, expect },
            Kind::Take => Op::Take { key, expect },
            Kind::Check => Op::Check { key, expect },
        });
    }
    CommitRequest::new(scopes[scope].clone(), rule, made)
}

/// What versions of a key of a scope are called.
fn of(scope: usize, key: &str) -> String {
    format!("{scope}/{key}")
}

fn of_entry<'a>(scope: usize, key: &str, entry: &'a mut Option<Entry>) -> Option<Drawn<'a>> {
    entry.as_mut().map(|entry| (of(scope, key), &mut entry.version.0))
}

fn in_commit<'a>(scope: usize, keys: &[String], outcome: &'a mut CommitOutcome) -> Vec<Drawn<'a>> {
    match outcome {
        CommitOutcome::Committed(applied) => applied
            .iter_mut()
            .zip(keys)
            .filter_map(|(applied, key)| match applied {
                Applied::Put(version) => Some((of(scope, key), &mut version.0)),
                Applied::Taken(entry) => of_entry(scope, key, entry),
                _ => None,
            })
            .collect(),
        CommitOutcome::Mismatch { index, current } => {
            keys.get(*index).and_then(|key| of_entry(scope, key, current)).into_iter().collect()
        }
        CommitOutcome::ScopeGone | CommitOutcome::ScopeExists => Vec::new(),
    }
}

fn in_load(scope: usize, loaded: &mut Loaded) -> Vec<Drawn<'_>> {
    loaded.entries.iter_mut().zip(KEYS).filter_map(|(entry, key)| of_entry(scope, key, entry)).collect()
}

fn in_list(scope: usize, rows: &mut [(String, Entry)]) -> Vec<Drawn<'_>> {
    rows.iter_mut().map(|(key, entry)| (of(scope, key), &mut entry.version.0)).collect()
}

async fn all_entries(
    store: &dyn SessionStateStore,
    scope: &Scope,
    limit: usize,
) -> Result<At<Vec<(String, Entry)>>, Halt> {
    let limit = PageLimit::new(limit).map_err(|error| Halt::Harness(error.to_string()))?;
    let (mut rows, mut page) = (Vec::new(), PageRequest::first(limit));
    loop {
        let got = store.list_entries(scope, "", page).await?;
        rows.extend(got.value.items);
        match got.value.next {
            Some(next) if rows.len() < 100 => page = PageRequest::after(limit, next),
            _ => return Ok(At::new(got.now, rows)),
        }
    }
}

async fn any_sequence_is_answered_as_the_reference_model_answers_it(scene: &Scene) -> CaseResult {
    let nodes = [scene.sessions(0).await?, scene.sessions(1).await?];
    let play = async |steps: &[Do]| -> Result<Option<String>, Halt> {
        let model = Model::reference(scene.clock.clone());
        let kinds = [ScopeKind::Session, ScopeKind::Handle, ScopeKind::System];
        let scopes = kinds.map(|kind| Scope::new(kind, scene.name("sequence")));
        let mut twins = Twins::default();
        for (number, step) in steps.iter().enumerate() {
            let store = &nodes[number % 2];
            let difference = match step {
                Do::Commit { scope, rule, ops } => {
                    let [of_store, of_model] =
                        [true, false].map(|of_store| request(&scopes, *scope, *rule, ops, &twins, of_store));
                    let keys = of_model.ops.clone();
                    let asked = store.commit(of_store).await?;
                    let wanted = model.commit(of_model).await?;
                    let keys: Vec<_> = keys.iter().map(|op| op.key().to_owned()).collect();
                    twins.compare(asked, wanted, |outcome| in_commit(*scope, &keys, outcome))
                }
                Do::Load { scope, touch } => {
                    let touch = touch.map(|(ttl, slack)| Touch { ttl: span(ttl), slack: span(slack) });
                    let asked = store.load(&scopes[*scope], &KEYS, touch).await?;
                    let wanted = model.load(&scopes[*scope], &KEYS, touch).await?;
                    twins.compare(asked, wanted, |loaded| in_load(*scope, loaded))
                }
                Do::List { scope, limit } => {
                    let asked = all_entries(&**store, &scopes[*scope], *limit).await?;
                    let wanted = all_entries(&model, &scopes[*scope], *limit).await?;
                    twins.compare(asked, wanted, |rows| in_list(*scope, rows))
                }
                Do::Delete { scope } => {
                    let asked = store.delete_scope(&scopes[*scope]).await?;
                    let wanted = model.delete_scope(&scopes[*scope]).await?;
                    twins.compare(asked, wanted, |_| Vec::new())
                }
                Do::Advance { span: by } => {
                    scene.advance(span(*by));
                    None
                }
                Do::Sweep => {
                    store.sweep(Default::default()).await?;
                    None
                }
            };
            if let Some(difference) = difference {
                return Ok(Some(format!("step {number}, {step:?}: {difference}")));
            }
        }
        Ok(None)
    };
    explore(scene, scene.times(48), steps(), play)
}
