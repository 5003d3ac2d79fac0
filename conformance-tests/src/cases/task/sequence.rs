//! Random sequences on one node at a time, compared with the reference model (T1–T5, T9, G3).

use std::time::Duration;

use fastestmcp_core::backend::At;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{
    ClaimRequest, Claimed, Guard, Idempotency, InsertOutcome, NewTask, Part, Renewed, ReplaceOutcome, ReplaceRequest,
    TaskBackend, TaskHead, TaskRecord, Then, Token,
};
use fastestmcp_core::time::StoreTime;
use proptest::prelude::*;

use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::model::Model;
use crate::scene::Scene;
use crate::sequence::{Drawn, Twins, explore};

cases! { Task, "task.sequence";
    "G10": any_sequence_is_answered_as_the_reference_model_answers_it,
}

/// A step; numbers choose from small sets, so that steps meet.
#[derive(Clone, Debug)]
enum Do {
    Insert {
        slot: usize,
        priority: u8,
        delay: Option<usize>,
        ttl: Option<usize>,
        key: Option<(usize, usize)>,
        quota: Option<u32>,
    },
    Replace {
        slot: usize,
        current: bool,
        token: Option<usize>,
        status: u8,
        then: Then,
    },
    Claim {
        limit: usize,
        lease: usize,
    },
    Renew {
        slot: usize,
        token: usize,
        lease: usize,
    },
    List {
        status: Option<u8>,
    },
    Advance {
        span: usize,
    },
    Sweep,
}

const SPANS: [u64; 6] = [1, 10, 500, 3_000, 10_000, 30_000];

fn span(index: usize) -> Duration {
    Duration::from_millis(SPANS[index % SPANS.len()])
}

fn steps() -> impl Strategy<Value = Do> {
    let spans = 0..SPANS.len();
    let maybe = proptest::option::of(spans.clone());
    let then = prop_oneof![
        2 => Just(Then::KeepLease),
        1 => maybe.clone().prop_map(|delay| Then::Runnable { delay: delay.map_or(Duration::ZERO, span) }),
        1 => maybe.clone().prop_map(|at_most| Then::Waiting { at_most: at_most.map(span) }),
        2 => spans.clone().prop_map(|retain| Then::Terminal { retain: span(retain) }),
    ];
    let insert = (
        0..3_usize,
        0..3_u8,
        maybe.clone(),
        maybe.clone(),
        proptest::option::weighted(0.3, (0..2_usize, 0..2_usize)),
        proptest::option::weighted(0.3, 0..4_u32),
    );
    prop_oneof![
        4 => insert.prop_map(|(slot, priority, delay, ttl, key, quota)| Do::Insert { slot, priority, delay, ttl, key, quota }),
        4 => (0..3_usize, any::<bool>(), proptest::option::of(0..3_usize), 0..3_u8, then)
            .prop_map(|(slot, current, token, status, then)| Do::Replace { slot, current, token, status, then }),
        3 => (0..4_usize, spans.clone()).prop_map(|(limit, lease)| Do::Claim { limit, lease }),
        1 => (0..3_usize, 0..3_usize, spans.clone()).prop_map(|(slot, token, lease)| Do::Renew { slot, token, lease }),
        1 => proptest::option::of(0..3_u8).prop_map(|status| Do::List { status }),
        3 => spans.prop_map(|span| Do::Advance { span }),
        1 => Just(Do::Sweep),
    ]
}

/// What fencing tokens are called: they number the claims of all tasks.
const TOKENS: &str = "tokens";

fn in_head(head: &mut TaskHead) -> Vec<Drawn<'_>> {
    let token = head.lease.as_mut().map(|lease| (TOKENS.to_owned(), &mut lease.token.0));
    std::iter::once((head.id.to_string(), &mut head.version.0)).chain(token).collect()
}

fn in_records(records: &mut [TaskRecord]) -> Vec<Drawn<'_>> {
    records.iter_mut().flat_map(|record| in_head(&mut record.head)).collect()
}

fn in_found(found: &mut [Option<TaskRecord>]) -> Vec<Drawn<'_>> {
    found.iter_mut().flatten().flat_map(|record| in_head(&mut record.head)).collect()
}

fn in_insert(outcome: &mut InsertOutcome) -> Vec<Drawn<'_>> {
    match outcome {
        InsertOutcome::Inserted(head) => in_head(head),
        InsertOutcome::Existing(record) => in_head(&mut record.head),
        InsertOutcome::KeyReused | InsertOutcome::QuotaExceeded { .. } => Vec::new(),
    }
}

fn in_replace(outcome: &mut ReplaceOutcome) -> Vec<Drawn<'_>> {
    match outcome {
        ReplaceOutcome::Replaced(head) => in_head(head),
        ReplaceOutcome::Conflict(record) => in_head(&mut record.head),
        ReplaceOutcome::LeaseLost | ReplaceOutcome::Missing => Vec::new(),
    }
}

fn in_renewals<'a>(id: &TaskId, renewed: &'a mut [Renewed]) -> Vec<Drawn<'a>> {
    let held = renewed.iter_mut().filter_map(|renewed| match renewed {
        Renewed::Held { version, .. } => Some((id.to_string(), &mut version.0)),
        Renewed::Lost => None,
    });
    held.collect()
}

/// As [`Twins::compare`]; what is due next may or may not count the leases of this claim.
fn compare_claims(twins: &mut Twins, mut store: At<Claimed>, model: At<Claimed>, lease: Duration) -> Option<String> {
    let own = (!model.value.tasks.is_empty()).then_some(lease);
    let with_own = model.value.next_due.into_iter().chain(own).min();
    if store.value.next_due == with_own {
        store.value.next_due = model.value.next_due;
    }
    twins.compare(store, model, |claimed| in_records(&mut claimed.tasks))
}

async fn all_heads(backend: &dyn TaskBackend, owner: &Owner, status: Option<u8>) -> Result<At<Vec<TaskHead>>, Halt> {
    let limit = PageLimit::new(2).map_err(|error| Halt::Harness(error.to_string()))?;
    let (mut rows, mut page) = (Vec::new(), PageRequest::first(limit));
    let filter = OwnerFilter::Is(owner.clone());
    loop {
        let got = backend.list_tasks(&filter, status, page).await?;
        rows.extend(got.value.items);
        match got.value.next {
            Some(next) if rows.len() < 100 => page = PageRequest::after(limit, next),
            _ => return Ok(At::new(got.now, rows)),
        }
    }
}

/// The names of one sequence.
struct Names {
    owner: Owner,
    queue: String,
    slots: [TaskId; 3],
    keys: [String; 2],
}

impl Names {
    fn new(scene: &Scene) -> Self {
        Self {
            owner: Owner::new(scene.name("owner")),
            queue: scene.name("queue"),
            slots: [(); 3].map(|()| TaskId::new(scene.name("task"))),
            keys: [(); 2].map(|()| scene.name("key")),
        }
    }
}

/// The guard with the store's numbers, and with the model's.
async fn guard(
    model: &Model,
    twins: &Twins,
    id: &TaskId,
    current: bool,
    token: Option<usize>,
) -> Result<[Guard; 2], Halt> {
    let found = model.get(std::slice::from_ref(id), &OwnerFilter::Any, Part::Head).await?.value.pop().flatten();
    let held = found.as_ref().and_then(|record| record.head.lease.as_ref()).map(|lease| lease.token.0);
    let old = || twins.nth_newest(id.as_str(), 1).map(|(model, _)| model);
    let version = found.filter(|_| current).map(|record| record.head.version.0).or_else(old);
    // The token of the lease, or of another claim.
    let token = token.map(|nth| if nth == 0 { held } else { twins.nth_newest(TOKENS, nth).map(|(model, _)| model) });
    let both = |of: &str, number: Option<u64>| {
        let model = number.unwrap_or(u64::from(u32::MAX));
        [twins.of_store(of, model).unwrap_or(u64::from(u32::MAX)), model]
    };
    let versions = both(id.as_str(), version);
    let tokens = token.map(|token| both(TOKENS, token));
    Ok([0, 1].map(|at| Guard { version: Version(versions[at]), token: tokens.map(|tokens| Token(tokens[at])) }))
}

async fn any_sequence_is_answered_as_the_reference_model_answers_it(scene: &Scene) -> CaseResult {
    let nodes = [scene.tasks(0).await?, scene.tasks(1).await?];
    let play = async |steps: &[Do]| -> Result<Option<String>, Halt> {
        let (model, names) = (Model::reference(scene.clock.clone()), Names::new(scene));
        let (mut twins, mut lease_ends) = (Twins::default(), Vec::<StoreTime>::new());
        for (number, step) in steps.iter().enumerate() {
            let store = &nodes[number % 2];
            let difference = match step.clone() {
                Do::Insert { slot, priority, delay, ttl, key, quota } => {
                    let id = names.slots[slot].clone();
                    let mut new = NewTask::new(id, names.owner.clone(), &*names.queue, "spec".into(), "state".into());
                    (new.priority, new.quota, new.ttl) = (priority, quota, ttl.map(span));
                    new.delay = delay.map_or(Duration::ZERO, span);
                    new.idempotency = key
                        .map(|(key, digest)| Idempotency { key: names.keys[key].clone(), digest: digest.to_string() });
                    let asked = store.insert(new.clone()).await?;
                    twins.compare(asked, model.insert(new).await?, in_insert)
                }
                Do::Replace { slot, current, token, status, then } => {
                    let id = &names.slots[slot];
                    let [of_store, of_model] = guard(&model, &twins, id, current, token).await?;
                    let request =
                        |guard| ReplaceRequest::new(id.clone(), guard, status, number.to_string().into(), then);
                    let asked = store.replace(request(of_store)).await?;
                    twins.compare(asked, model.replace(request(of_model)).await?, in_replace)
                }
                Do::Claim { limit, lease } => {
                    // A lease that ended may take up to 2 s to show.
                    let recent =
                        |now: StoreTime| move |end: &StoreTime| *end <= now && now < end.after(Duration::from_secs(2));
                    while lease_ends.iter().any(recent(store.ping().await?)) {
                        scene.advance(Duration::from_secs(2));
                    }
                    let request = ClaimRequest::new(vec![names.queue.clone()], "worker", limit, span(lease));
                    let asked = store.claim(request.clone()).await?;
                    lease_ends.push(asked.now.after(span(lease)));
                    compare_claims(&mut twins, asked, model.claim(request).await?, span(lease))
                }
                Do::Renew { slot, token, lease } => {
                    let id = &names.slots[slot];
                    let [of_store, of_model] = guard(&model, &twins, id, true, Some(token)).await?;
                    let lost = Token(1);
                    let asked = store.renew(&[(id.clone(), of_store.token.unwrap_or(lost))], span(lease)).await?;
                    let wanted = model.renew(&[(id.clone(), of_model.token.unwrap_or(lost))], span(lease)).await?;
                    lease_ends.push(asked.now.after(span(lease)));
                    twins.compare(asked, wanted, |renewed| in_renewals(id, renewed))
                }
                Do::List { status } => {
                    let asked = all_heads(&**store, &names.owner, status).await?;
                    let wanted = all_heads(&model, &names.owner, status).await?;
                    twins.compare(asked, wanted, |heads| heads.iter_mut().flat_map(in_head).collect())
                }
                Do::Advance { span: by } => {
                    scene.advance(span(by));
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
            let asked = store.get(&names.slots, &OwnerFilter::Any, Part::All).await?;
            let wanted = model.get(&names.slots, &OwnerFilter::Any, Part::All).await?;
            if let Some(difference) = twins.compare(asked, wanted, |found| in_found(found)) {
                return Ok(Some(format!("all tasks after step {number}, {step:?}: {difference}")));
            }
        }
        Ok(None)
    };
    explore(scene, scene.times(64), steps(), play)
}
