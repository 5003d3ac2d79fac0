use std::collections::HashMap;
use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{
    ClaimRequest, Guard, InsertOutcome, NewTask, Part, ReplaceOutcome, ReplaceRequest, TaskBackend, TaskRecord, Then,
};
use parking_lot::Mutex;

use super::caller::{Caller, Findings};
use crate::brief::brief;

const LEASE: Duration = Duration::from_secs(2);
const DONE: u8 = 9;

/// What became of every task that was acknowledged.
#[derive(Debug)]
pub(super) struct Board {
    queue: String,
    tasks: Mutex<HashMap<TaskId, Ends>>,
}

#[derive(Debug, Default)]
struct Ends {
    /// States that were written as the last one, acknowledged or not.
    tried: Vec<Bytes>,
    acknowledged: Option<Bytes>,
}

impl Board {
    pub(super) fn new() -> Self {
        // Without randomness the storms of one data set share a queue, which spoils nothing but their figures.
        let queue = fastestmcp_core::ids::random_token().unwrap_or_default();
        Self { queue, tasks: Mutex::default() }
    }

    fn claim(&self, worker: &str) -> ClaimRequest {
        ClaimRequest::new(vec![self.queue.clone()], worker, 4, LEASE)
    }
}

/// Inserts tasks, and ends whatever it can claim.
pub(super) async fn run(caller: Caller, tasks: Arc<dyn TaskBackend>, board: Arc<Board>) {
    while caller.goes_on() {
        let id = TaskId::new(caller.unique());
        let task = NewTask::new(id.clone(), Owner::new("storm"), &board.queue, "spec".into(), "begun".into());
        if let Some(Ok(answer)) = caller.call(tasks.insert(task)).await {
            match answer.value {
                InsertOutcome::Inserted(_) => drop(board.tasks.lock().entry(id).or_default()),
                other => caller.violation(format!("a new task was answered with {}", brief(&other))),
            }
        }
        if let Some(Ok(claimed)) = caller.call(tasks.claim(board.claim(&caller.name))).await {
            for record in claimed.value.tasks {
                end(&caller, &*tasks, &board, record).await;
            }
        }
    }
}

async fn end(caller: &Caller, tasks: &dyn TaskBackend, board: &Board, record: TaskRecord) {
    let head = record.head;
    if !head.open {
        return caller.violation(format!("a task that had ended was claimed: {head:?}"));
    }
    let state: Bytes = caller.unique().into();
    board.tasks.lock().entry(head.id.clone()).or_default().tried.push(state.clone());
    let guard = Guard { version: head.version, token: head.lease.map(|lease| lease.token) };
    let then = Then::Terminal { retain: Duration::from_secs(3_600) };
    let request = ReplaceRequest::new(head.id.clone(), guard, DONE, state.clone(), then);
    let Some(Ok(answer)) = caller.call(tasks.replace(request)).await else { return };
    match answer.value {
        ReplaceOutcome::Replaced(_) => {
            let before = board.tasks.lock().entry(head.id.clone()).or_default().acknowledged.replace(state);
            if before.is_some() && caller.keeps() {
                caller.violation(format!("{} ended twice", head.id));
            }
        }
        // Another has reclaimed it meanwhile.
        ReplaceOutcome::LeaseLost => {}
        other if caller.keeps() => caller.violation(format!("the holder's write got {}", brief(&other))),
        _ => {}
    }
}

/// Ends what is left, and looks whether every task ended as it was acknowledged.
pub(super) async fn verify(findings: &Arc<Findings>, tasks: &Arc<dyn TaskBackend>, board: &Arc<Board>) {
    let caller = Caller::new(findings, "verify");
    let started = Instant::now();
    loop {
        let Some(claimed) = findings.insist("verify", || tasks.claim(board.claim("verify"))).await else {
            return;
        };
        let (is_empty, next_due) = (claimed.value.tasks.is_empty(), claimed.value.next_due);
        for record in claimed.value.tasks {
            end(&caller, &**tasks, board, record).await;
        }
        // What nobody holds any more comes back at the end of its lease.
        if is_empty && (next_due.is_none() || started.elapsed() > LEASE * 4) {
            break;
        }
        if is_empty {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    if !findings.terms.keeps {
        return;
    }
    let all = std::mem::take(&mut *board.tasks.lock());
    for (id, ends) in all {
        let get = || tasks.get(slice::from_ref(&id), &OwnerFilter::Any, Part::All);
        let Some(found) = findings.insist("verify", get).await else { return };
        let record = found.value.into_iter().next().flatten();
        let Some(record) = record else {
            findings.violation(format!("{id} was acknowledged and is lost"));
            continue;
        };
        let state = record.state.unwrap_or_default();
        let fits = match &ends.acknowledged {
            Some(acknowledged) => state == acknowledged,
            None => ends.tried.contains(&state),
        };
        if record.head.open || !fits {
            findings.violation(format!("{id} should have ended as {ends:?}; it is {:?} {state:?}", record.head));
        }
    }
}
