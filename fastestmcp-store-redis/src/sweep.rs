use std::time::Instant;

use fastestmcp_core::backend::{SweepBudget, Swept};
use fastestmcp_core::error::StoreResult;

use crate::error::Failure;
use crate::reply::Reply;
use crate::store::RedisStore;
use crate::{event, session, task};

/// The most one script removes, so that it keeps the server for a few milliseconds.
const STEP: SweepBudget = SweepBudget { max_rows: 500, max_bytes: 4 << 20 };

/// What one script removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) more: bool,
}

impl Step {
    pub(crate) fn read(reply: &mut Reply) -> Result<Self, Failure> {
        let mut count = || reply.number().map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        Ok(Self { rows: count()?, bytes: count()?, more: count()? == 1 })
    }
}

/// What is left of a budget.
struct Left {
    budget: SweepBudget,
    removed: u64,
    until: Instant,
}

impl Left {
    fn step(&self) -> SweepBudget {
        let SweepBudget { max_rows, max_bytes } = self.budget;
        SweepBudget { max_rows: max_rows.min(STEP.max_rows), max_bytes: max_bytes.min(STEP.max_bytes) }
    }

    fn take(&mut self, step: Step) {
        self.budget.max_rows = self.budget.max_rows.saturating_sub(step.rows);
        self.budget.max_bytes = self.budget.max_bytes.saturating_sub(step.bytes);
        self.removed += step.rows as u64;
    }

    fn is_used_up(&self) -> bool {
        self.budget.max_rows == 0 || self.budget.max_bytes == 0 || Instant::now() >= self.until
    }
}

/// Part by part, from another one each time, so that a small budget reaches all of them; then the tasks.
pub(crate) async fn run(store: &RedisStore, budget: SweepBudget) -> StoreResult<Swept> {
    let mut left = Left { budget, removed: 0, until: Instant::now() + store.timeout() / 2 };
    let parts = store.parts().count();
    let first = store.next_swept();
    let parts = (first..first + parts).map(|part| part % parts);
    let of_part = |part| [Heap::Scopes(part), Heap::Topics(part)];
    for heap in parts.flat_map(of_part).chain([Heap::Tasks]) {
        loop {
            if left.is_used_up() {
                return Ok(Swept { removed: left.removed, more: true });
            }
            let step = heap.sweep(store, left.step()).await?;
            left.take(step);
            if !step.more {
                break;
            }
        }
    }
    Ok(Swept { removed: left.removed, more: false })
}

/// What one script can sweep.
#[derive(Clone, Copy, Debug)]
enum Heap {
    Scopes(usize),
    Topics(usize),
    Tasks,
}

impl Heap {
    async fn sweep(self, store: &RedisStore, budget: SweepBudget) -> StoreResult<Step> {
        match self {
            Self::Scopes(part) => session::sweep(store, part, budget).await,
            Self::Topics(part) => event::sweep(store, part, budget).await,
            Self::Tasks => task::sweep(store, budget).await,
        }
    }
}
