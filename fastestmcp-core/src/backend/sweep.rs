use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

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

/// Sweeps `heaps`, `width` of them at once, in steps that are short whatever the budget is (contract G14), until nothing
/// is left, the budget is used up, or `patience` is over.
///
/// Steps that run at once share what is left of the budget: rows are exact, of bytes each may pass its share by a row.
/// A heap is begun in its turn and goes on until it is clean. One whose step removes nothing although there is more is
/// in somebody else's hands, and left for the next sweep.
///
/// # Errors
/// Those of `step`. What runs beside it is not waited for.
pub async fn sweep_in_steps<H: Copy, F>(
    heaps: impl IntoIterator<Item = H>,
    width: usize,
    budget: SweepBudget,
    patience: Duration,
    step: impl Fn(H, SweepBudget) -> F,
) -> StoreResult<Swept>
where
    F: Future<Output = StoreResult<SweepStep>>,
{
    let (started, width) = (Instant::now(), width.max(1));
    let (mut left, mut swept) = (budget, Swept::default());
    let mut waiting: VecDeque<H> = heaps.into_iter().collect();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < width
            && left.max_rows > 0
            && left.max_bytes > 0
            && started.elapsed() <= patience
            && let Some(heap) = waiting.pop_front()
        {
            let sharers = (width - running.len()).min(waiting.len() + 1);
            let share = SweepBudget {
                max_rows: left.max_rows.div_ceil(sharers).min(STEP.max_rows),
                max_bytes: left.max_bytes.div_ceil(sharers).min(STEP.max_bytes),
            };
            left.max_rows -= share.max_rows;
            left.max_bytes -= share.max_bytes;
            let step = step(heap, share);
            running.push(async move { (heap, share, step.await) });
        }
        let Some((heap, share, done)) = running.next().await else {
            return Ok(Swept { more: swept.more || !waiting.is_empty(), ..swept });
        };
        let done = done?;
        swept.removed += done.rows as u64;
        left.max_rows = (left.max_rows + share.max_rows).saturating_sub(done.rows);
        left.max_bytes = (left.max_bytes + share.max_bytes).saturating_sub(done.bytes);
        if done.more && done.rows > 0 {
            waiting.push_front(heap);
        } else {
            swept.more |= done.more;
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::error::{StoreError, StoreErrorKind};

    const LONG: Duration = Duration::from_secs(60);

    /// Heaps of rows of one byte. A heap that is not there is in somebody's hands.
    #[derive(Default)]
    struct Heaps {
        rows: Vec<usize>,
        /// What was asked: heap and rows.
        asked: Vec<(usize, usize)>,
        running: usize,
        most_running: usize,
    }

    impl Heaps {
        fn begin(&mut self, heap: usize, most: SweepBudget) {
            self.asked.push((heap, most.max_rows));
            self.running += 1;
            self.most_running = self.most_running.max(self.running);
        }

        fn end(&mut self, heap: usize, most: SweepBudget) -> SweepStep {
            self.running -= 1;
            let Some(left) = self.rows.get_mut(heap) else { return SweepStep { more: true, ..SweepStep::default() } };
            let rows = (*left).min(most.max_rows).min(most.max_bytes);
            *left -= rows;
            SweepStep { rows, bytes: rows, more: *left > 0 }
        }
    }

    async fn swept(rows: &[usize], heaps: &[usize], width: usize, budget: SweepBudget) -> (Heaps, Swept) {
        let state = Mutex::new(Heaps { rows: rows.to_vec(), ..Heaps::default() });
        let step = |heap: usize, most: SweepBudget| {
            state.lock().begin(heap, most);
            let state = &state;
            async move {
                tokio::task::yield_now().await;
                Ok(state.lock().end(heap, most))
            }
        };
        let swept = sweep_in_steps(heaps.iter().copied(), width, budget, LONG, step).await.unwrap();
        (state.into_inner(), swept)
    }

    const fn rows(max_rows: usize) -> SweepBudget {
        SweepBudget { max_rows, max_bytes: 1 << 30 }
    }

    #[tokio::test]
    async fn every_heap_is_swept_in_short_steps_and_one_in_other_hands_is_left() {
        let (heaps, done) = swept(&[700, 3], &[0, 2, 1], 1, rows(2_000)).await;
        assert_eq!(heaps.asked, [(0, 500), (0, 500), (2, 500), (1, 500)]);
        assert_eq!(done, Swept { removed: 703, more: true });
    }

    #[tokio::test]
    async fn a_budget_ends_the_sweep_and_says_that_there_may_be_more() {
        for width in [0, 1, 2, 16] {
            for (budget, removed) in [(rows(600), 600), (SweepBudget { max_bytes: 1_000, ..rows(2_000) }, 1_000)] {
                let (_, done) = swept(&[10_000, 3, 900], &[0, 1, 2], width, budget).await;
                assert_eq!(done, Swept { removed, more: true }, "{width} at once, {budget:?}");
            }
        }
    }

    #[tokio::test]
    async fn heaps_that_are_swept_at_once_share_the_budget() {
        let all: Vec<_> = (0..10).collect();
        let (heaps, done) = swept(&[100; 10], &all, 4, rows(30)).await;
        assert_eq!(done, Swept { removed: 30, more: true });
        assert_eq!(heaps.most_running, 4);
        assert_eq!(heaps.asked, [(0, 8), (1, 8), (2, 7), (3, 7)]);
    }

    #[tokio::test]
    async fn what_a_clean_heap_leaves_of_its_share_is_for_the_others() {
        let all: Vec<_> = (0..10).collect();
        let (heaps, done) = swept(&[0, 0, 0, 90, 0, 0, 0, 0, 0, 10], &all, 4, rows(100)).await;
        assert_eq!(done, Swept { removed: 100, more: false });
        assert_eq!((heaps.rows, heaps.most_running), (vec![0; 10], 4));
    }

    #[tokio::test]
    async fn an_error_ends_the_sweep() {
        let asked = Mutex::new(0);
        let step = |heap: usize, _| {
            *asked.lock() += 1;
            std::future::ready(match heap {
                1 => Err(StoreError::new(StoreErrorKind::Unavailable, "test", "sweep", "gone")),
                _ => Ok(SweepStep::default()),
            })
        };
        let error = sweep_in_steps(0..100, 2, rows(100), LONG, step).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unavailable);
        assert!(asked.into_inner() < 10);
    }
}
