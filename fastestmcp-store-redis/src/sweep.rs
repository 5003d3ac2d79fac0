use fastestmcp_core::backend::{SweepBudget, SweepStep, Swept, sweep_in_steps};
use fastestmcp_core::error::StoreResult;

use crate::error::Failure;
use crate::reply::Reply;
use crate::store::RedisStore;
use crate::{event, session, task};

/// Part by part, from another one each time, so that a small budget reaches all of them; then the tasks.
pub(crate) async fn run(store: &RedisStore, budget: SweepBudget) -> StoreResult<Swept> {
    let parts = store.parts().count();
    let first = store.next_swept();
    let parts = (first..first + parts).map(|part| part % parts);
    let of_part = |part| [Heap::Scopes(part), Heap::Topics(part)];
    let heaps = parts.flat_map(of_part).chain([Heap::Tasks]);
    sweep_in_steps(heaps, budget, store.timeout() / 2, |heap, step| heap.sweep(store, step)).await
}

/// What a script says that it removed.
pub(crate) fn read_step(reply: &mut Reply) -> Result<SweepStep, Failure> {
    let mut count = || reply.number().map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Ok(SweepStep { rows: count()?, bytes: count()?, more: count()? == 1 })
}

/// What one script can sweep.
#[derive(Clone, Copy, Debug)]
enum Heap {
    Scopes(usize),
    Topics(usize),
    Tasks,
}

impl Heap {
    async fn sweep(self, store: &RedisStore, budget: SweepBudget) -> StoreResult<SweepStep> {
        match self {
            Self::Scopes(part) => session::sweep(store, part, budget).await,
            Self::Topics(part) => event::sweep(store, part, budget).await,
            Self::Tasks => task::sweep(store, budget).await,
        }
    }
}
