use fastestmcp_core::backend::{SweepBudget, SweepStep, Swept, sweep_in_steps};
use fastestmcp_core::error::StoreResult;

use crate::error::Failure;
use crate::reply::Reply;
use crate::store::RedisStore;
use crate::{event, session, task};

/// Heaps that are swept at once. A power of two: each sweep begins that much further on, and so with every one of the
/// heaps in its turn, which are odd in number.
const AT_ONCE: usize = 32;

/// Begins with other heaps each time, so that a small budget reaches all of them.
pub(crate) async fn run(store: &RedisStore, budget: SweepBudget) -> StoreResult<Swept> {
    let of_part = |part| [Heap::Scopes(part), Heap::Topics(part)];
    let mut heaps: Vec<_> = (0..store.parts().count()).flat_map(of_part).chain([Heap::Tasks]).collect();
    let first = store.next_sweep().wrapping_mul(AT_ONCE) % heaps.len();
    heaps.rotate_left(first);
    sweep_in_steps(heaps, AT_ONCE, budget, store.timeout() / 2, |heap, step| heap.sweep(store, step)).await
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
