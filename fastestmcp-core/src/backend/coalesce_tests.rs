use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{BatchExecutor, BatchLimits, Coalescer, Site};
use crate::error::{Outcome, StoreErrorKind, StoreResult};

const SECOND: Duration = Duration::from_secs(1);
/// What was run: lanes and items.
type Runs = Arc<Mutex<Vec<(usize, Vec<u32>)>>>;

const BATCHES: BatchLimits = BatchLimits { lanes: 2, runs_per_lane: 1, max_items: 4, max_bytes: 100 };

/// Doubles numbers, one run per permit. 13 breaks its whole run; 14 panics; 15 loses the answer.
struct Doubling {
    permits: Arc<Semaphore>,
    runs: Runs,
}

#[async_trait]
impl BatchExecutor for Doubling {
    type Item = u32;
    type Answer = u32;
    const SITE: Site = Site { backend: "test", operation: "double" };
    const WRITES: bool = true;

    fn bytes(&self, item: &u32) -> usize {
        usize::try_from(*item).unwrap_or(usize::MAX)
    }

    async fn execute(&self, lane: usize, items: &[u32], _: Instant) -> StoreResult<Vec<StoreResult<u32>>> {
        self.permits.acquire().await.unwrap().forget();
        self.runs.lock().push((lane, items.to_vec()));
        assert!(!items.contains(&14), "on purpose");
        if items.contains(&13) {
            return Err(Self::SITE.error(StoreErrorKind::Corrupt, "13"));
        }
        if items.contains(&15) {
            return Err(Self::SITE.error(StoreErrorKind::Unavailable, "15").unknown());
        }
        Ok(items.iter().map(|item| Ok(item * 2)).collect())
    }
}

/// All of what a test looks at.
struct Scene {
    permits: Arc<Semaphore>,
    runs: Runs,
    coalescer: Coalescer<Doubling>,
}

/// Time enough for what was submitted to be begun or to wait.
async fn begun() {
    tokio::time::sleep(SECOND / 100).await;
}

fn scene(permits: usize) -> Scene {
    let (permits, runs) = (Arc::new(Semaphore::new(permits)), Arc::new(Mutex::default()));
    let executor = Doubling { permits: permits.clone(), runs: runs.clone() };
    Scene { permits, runs, coalescer: Coalescer::new(executor, BATCHES) }
}

impl Scene {
    /// Starts one run with a 1, so that what follows gathers; then lets everything go.
    async fn gathered(&self, items: &[u32]) -> Vec<StoreResult<u32>> {
        let first = self.coalescer.submit(0, 1, SECOND);
        let rest = async {
            begun().await;
            join_all(items.iter().map(|item| self.coalescer.submit(0, *item, SECOND))).await
        };
        let go = async {
            begun().await;
            begun().await;
            self.permits.add_permits(100);
        };
        let (first, rest, ()) = tokio::join!(first, rest, go);
        assert_eq!(first.unwrap(), 2);
        rest
    }

    fn runs(&self) -> Vec<Vec<u32>> {
        self.runs.lock().iter().map(|(_, items)| items.clone()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_shares_the_next_run_up_to_its_bounds_and_each_has_its_own_answer() {
    let scene = scene(0);
    let answers = scene.gathered(&[2, 3, 4, 5, 6, 60, 70]).await;
    let answers: Vec<u32> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [4, 6, 8, 10, 12, 120, 140]);
    assert_eq!(scene.runs(), [vec![1], vec![2, 3, 4, 5], vec![6, 60], vec![70]]);
}

#[tokio::test(start_paused = true)]
async fn lanes_never_share_a_run() {
    let scene = scene(100);
    let (left, right) = tokio::join!(scene.coalescer.submit(0, 1, SECOND), scene.coalescer.submit(3, 2, SECOND));
    assert_eq!((left.unwrap(), right.unwrap()), (2, 4));
    let mut runs = scene.runs.lock().clone();
    runs.sort_unstable();
    assert_eq!(runs, [(0, vec![1]), (1, vec![2])]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_one_member_breaks_is_repeated_one_by_one() {
    let scene = scene(0);
    let answers = scene.gathered(&[2, 13, 3]).await;
    assert!(matches!(answers[..], [Ok(4), Err(_), Ok(6)]), "{answers:?}");
    assert_eq!(scene.runs(), [vec![1], vec![2, 13, 3], vec![2], vec![13], vec![3]]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_unknown_for_all_and_nothing_is_repeated() {
    let scene = scene(0);
    for answer in scene.gathered(&[2, 15]).await {
        assert_eq!(answer.unwrap_err().outcome, Outcome::Unknown);
    }
    assert_eq!(scene.runs(), [vec![1], vec![2, 15]]);
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_who_waits_is_not_applied_and_who_runs_is_unknown() {
    let scene = scene(0);
    let running = scene.coalescer.submit(0, 1, SECOND);
    let waiting = async {
        begun().await;
        scene.coalescer.submit(0, 2, SECOND / 2).await
    };
    let (running, waiting) = tokio::join!(running, waiting);
    let (running, waiting) = (running.unwrap_err(), waiting.unwrap_err());
    assert_eq!((running.kind, running.outcome), (StoreErrorKind::Timeout, Outcome::Unknown));
    assert_eq!((waiting.kind, waiting.outcome), (StoreErrorKind::Timeout, Outcome::NotApplied));
    begun().await;
    scene.permits.add_permits(100);
    assert_eq!(scene.coalescer.submit(0, 3, SECOND).await.unwrap(), 6);
    assert_eq!(scene.runs(), [vec![3]], "what was given up is not carried out");
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_run_only() {
    let scene = scene(100);
    let error = scene.coalescer.submit(0, 14, SECOND).await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unexpected, Outcome::Unknown));
    assert_eq!(scene.coalescer.submit(0, 2, SECOND).await.unwrap(), 4);
}

/// Never answers.
struct Reading;

#[async_trait]
impl BatchExecutor for Reading {
    type Item = ();
    type Answer = ();
    const SITE: Site = Site { backend: "test", operation: "read" };
    const WRITES: bool = false;

    fn bytes(&self, (): &()) -> usize {
        0
    }

    async fn execute(&self, _: usize, _: &[()], _: Instant) -> StoreResult<Vec<StoreResult<()>>> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_reads_has_changed_nothing_however_it_ends() {
    let error = Coalescer::new(Reading, BATCHES).submit(0, (), SECOND).await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Timeout, Outcome::NotApplied));
}

/// Doubles numbers where there is a way: one permit for each time it is asked for, none that fails.
struct Distant {
    ways: Arc<Semaphore>,
    runs: Runs,
}

#[async_trait]
impl BatchExecutor for Distant {
    type Item = u32;
    type Answer = u32;
    const SITE: Site = Site { backend: "test", operation: "double" };
    const WRITES: bool = true;

    fn bytes(&self, _: &u32) -> usize {
        1
    }

    async fn ready(&self, _: usize) -> StoreResult<()> {
        let Ok(way) = self.ways.acquire().await else {
            return Err(Self::SITE.error(StoreErrorKind::Unavailable, "no way"));
        };
        way.forget();
        Ok(())
    }

    async fn execute(&self, lane: usize, items: &[u32], _: Instant) -> StoreResult<Vec<StoreResult<u32>>> {
        self.runs.lock().push((lane, items.to_vec()));
        Ok(items.iter().map(|item| Ok(item * 2)).collect())
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_way_has_not_begun_and_goes_together_once_there_is_one() {
    let (ways, runs) = (Arc::new(Semaphore::new(0)), Runs::default());
    let coalescer = Coalescer::new(Distant { ways: ways.clone(), runs: runs.clone() }, BATCHES);
    let error = coalescer.submit(0, 1, SECOND).await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Timeout, Outcome::NotApplied));
    let later = [2, 3].map(|item| {
        let coalescer = coalescer.clone();
        tokio::spawn(async move { coalescer.submit(0, item, SECOND).await })
    });
    begun().await;
    ways.add_permits(1);
    let answers = join_all(later).await.into_iter().map(|answer| answer.unwrap().unwrap());
    assert_eq!(answers.collect::<Vec<_>>(), [4, 6]);
    assert_eq!(*runs.lock(), [(0, vec![2, 3])], "who gave up was left out");
    ways.close();
    let error = coalescer.submit(0, 4, SECOND).await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unavailable, Outcome::NotApplied));
}
