use std::future::Future;
use std::time::{Duration, Instant};

use super::{SweepBudget, Swept};
use crate::error::StoreResult;

/// The most that one step removes, so that it blocks nobody for more than a few milliseconds.
const STEP: SweepBudget = SweepBudget { max_rows: 500, max_bytes: 4 << 20 };

/// What one step of a sweep did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SweepStep {
    /// Rows removed.
    pub rows: usize,
    /// Bytes of their values.
    pub bytes: usize,
    /// Whether there may be more to remove now.
    pub more: bool,
}

/// Sweeps `heaps`, one after the other, in steps that are short whatever the budget is (contract G14), until nothing is
/// left, the budget is used up, or `patience` is over.
///
/// A heap whose step removes nothing although there is more is in somebody else's hands, and left for the next sweep.
///
/// # Errors
/// Those of `step`.
pub async fn sweep_in_steps<H: Copy, F>(
    heaps: impl IntoIterator<Item = H>,
    budget: SweepBudget,
    patience: Duration,
    step: impl Fn(H, SweepBudget) -> F,
) -> StoreResult<Swept>
where
    F: Future<Output = StoreResult<SweepStep>>,
{
    let started = Instant::now();
    let (mut left, mut swept) = (budget, Swept::default());
    for heap in heaps {
        loop {
            if left.max_rows == 0 || left.max_bytes == 0 || started.elapsed() > patience {
                return Ok(Swept { more: true, ..swept });
            }
            let most = SweepBudget {
                max_rows: left.max_rows.min(STEP.max_rows),
                max_bytes: left.max_bytes.min(STEP.max_bytes),
            };
            let done = step(heap, most).await?;
            swept.removed += done.rows as u64;
            left.max_rows = left.max_rows.saturating_sub(done.rows);
            left.max_bytes = left.max_bytes.saturating_sub(done.bytes);
            if !done.more || done.rows == 0 {
                swept.more |= done.more;
                break;
            }
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    /// Rows of one byte in two heaps; heap 2 is in somebody's hands. What was asked, and what became of it.
    async fn swept(rows: [usize; 2], budget: SweepBudget, patience: Duration) -> (Vec<(usize, usize)>, Swept) {
        let left = Mutex::new(rows);
        let asked = Mutex::new(Vec::new());
        let step = |heap: usize, most: SweepBudget| {
            asked.lock().push((heap, most.max_rows));
            let mut left = left.lock();
            let rows = left.get(heap).copied().unwrap_or_default().min(most.max_rows);
            if let Some(left) = left.get_mut(heap) {
                *left -= rows;
            }
            let more = left.get(heap).is_none_or(|left| *left > 0);
            std::future::ready(Ok(SweepStep { rows, bytes: rows, more }))
        };
        let swept = sweep_in_steps([0, 2, 1], budget, patience, step).await.unwrap();
        (asked.into_inner(), swept)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn every_heap_is_swept_in_short_steps_and_one_in_other_hands_is_left() {
        let (asked, done) = swept([700, 3], SweepBudget { max_rows: 2_000, max_bytes: 1 << 30 }, LONG).await;
        assert_eq!(asked, [(0, 500), (0, 500), (2, 500), (1, 500)]);
        assert_eq!(done, Swept { removed: 703, more: true });
    }

    #[tokio::test]
    async fn a_budget_ends_the_sweep_and_says_that_there_may_be_more() {
        for budget in
            [SweepBudget { max_rows: 600, max_bytes: 1 << 30 }, SweepBudget { max_rows: 2_000, max_bytes: 1_000 }]
        {
            let (_, done) = swept([10_000, 3], budget, LONG).await;
            assert_eq!(done.removed, if budget.max_rows == 600 { 600 } else { 1_000 });
            assert!(done.more);
        }
    }
}
