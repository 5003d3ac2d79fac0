use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::call::Site;
use super::ticket::Ticket;
use crate::error::{Outcome, StoreError, StoreErrorKind, StoreResult};

/// How many operations may wait in one lane before further ones are refused.
const MAX_WAITING: usize = 1 << 16;

/// What carries out many callers' operations in one run: a script, a statement, a transaction.
///
/// # To ensure correctness
/// - One result per item, in their order. A value outcome of one never affects its neighbours.
/// - Nobody is answered before all of the run is committed.
/// - `Err` speaks for every item: `NotApplied` only if none of them changed anything.
#[async_trait]
pub trait BatchExecutor: Send + Sync + 'static {
    /// An operation.
    type Item: Send + Sync + 'static;
    /// What it is answered with.
    type Answer: Send + 'static;
    /// Where errors say they come from.
    const SITE: Site;
    /// Whether a run can change anything. What only reads is never of unknown outcome.
    const WRITES: bool;

    /// How many bytes the item adds to a run.
    fn bytes(&self, item: &Self::Item) -> usize;

    /// Called before each run of `lane`; returns when there is a way to the store, or after a while when there is none.
    /// What waits here has not begun: at its deadline it is `NotApplied`, and an error speaks for all who wait then.
    /// Where [`BatchExecutor::execute`] finds the way itself, and finds it at once, there is nothing to wait for.
    ///
    /// `async fn ready(&self, lane: usize) -> StoreResult<()>`
    ///
    /// # Errors
    /// There is no way to the store; nothing was applied.
    async fn ready(&self, _lane: usize) -> StoreResult<()> {
        Ok(())
    }

    /// Carries out `items`, all of `lane`. `deadline` is the first at which one of their callers gives up.
    ///
    /// `async fn execute(&self, lane: usize, items: &[Self::Item], deadline: Instant)
    /// -> StoreResult<Vec<StoreResult<Self::Answer>>>`
    ///
    /// # Errors
    /// The run failed as a whole.
    async fn execute(
        &self,
        lane: usize,
        items: &[Self::Item],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<Self::Answer>>>;
}

/// How operations are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Lanes: operations of different ones never share a run.
    pub lanes: usize,
    /// Runs of one lane that may be under way at once.
    pub runs_per_lane: usize,
    /// Operations per run.
    pub max_items: usize,
    /// Bytes per run, unless a single operation is larger.
    pub max_bytes: usize,
}

/// Group commit for stores across a network: operations that arrive while a run is under way share the next one.
///
/// A run starts at once while fewer than [`BatchLimits::runs_per_lane`] are under way, so a single caller never waits. Each
/// operation has its own outcome. If a run fails without having changed anything, and not because the store cannot be
/// reached, its members run again one by one: what is wrong with one of them is not its neighbours' fault.
pub struct Coalescer<C: BatchExecutor> {
    inner: Arc<Inner<C>>,
}

struct Inner<C: BatchExecutor> {
    executor: C,
    batches: BatchLimits,
    lanes: Box<[Mutex<Lane<C>>]>,
}

struct Lane<C: BatchExecutor> {
    waiting: VecDeque<Waiting<C>>,
    runs: usize,
}

struct Waiting<C: BatchExecutor> {
    item: C::Item,
    caller: Caller<C>,
}

struct Caller<C: BatchExecutor> {
    ticket: Ticket,
    deadline: Instant,
    reply: oneshot::Sender<StoreResult<C::Answer>>,
}

impl<C: BatchExecutor> Coalescer<C> {
    /// Brings together what `executor` carries out.
    pub fn new(executor: C, batches: BatchLimits) -> Self {
        let lane = || Mutex::new(Lane { waiting: VecDeque::new(), runs: 0 });
        let lanes = std::iter::repeat_with(lane).take(batches.lanes.max(1)).collect();
        Self { inner: Arc::new(Inner { executor, batches, lanes }) }
    }

    /// Carries out `item` in a run of `lane` (counted modulo the lanes).
    ///
    /// # Errors
    /// What its run answered; `Timeout` at the deadline, `NotApplied` if its run had not begun; `Contention` if too many
    /// wait.
    pub async fn submit(&self, lane: usize, item: C::Item, timeout: Duration) -> StoreResult<C::Answer> {
        let lane = lane % self.inner.lanes.len();
        let deadline = Instant::now() + timeout;
        let (reply, answer) = oneshot::channel();
        let ticket = Ticket::new();
        let caller = Caller { ticket: ticket.clone(), deadline, reply };
        if self.inner.enqueue(lane, Waiting { item, caller })? {
            tokio::spawn(self.inner.clone().serve(lane));
        }
        let unanswered = match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(_)) if Instant::now() < deadline => C::SITE.broken(),
            Ok(Err(_)) | Err(_) => C::SITE.late(),
        };
        Err(if ticket.withdraw() { unanswered } else { begun::<C>(unanswered) })
    }
}

impl<C: BatchExecutor> Inner<C> {
    /// True if a further run is to be started.
    fn enqueue(&self, lane: usize, waiting: Waiting<C>) -> StoreResult<bool> {
        let mut lane = self.lanes[lane].lock();
        if lane.waiting.len() >= MAX_WAITING {
            return Err(C::SITE.error(StoreErrorKind::Contention, "too many operations wait"));
        }
        lane.waiting.push_back(waiting);
        let free = lane.runs < self.batches.runs_per_lane.max(1);
        lane.runs += usize::from(free);
        Ok(free)
    }

    /// Runs until nothing waits.
    async fn serve(self: Arc<Self>, lane: usize) {
        loop {
            // Callers that became ready at the same time, those of the last run above all, come along: without this one
            // of them went ahead in a run of its own, and the others waited for it.
            tokio::task::yield_now().await;
            if self.is_awaited(lane)
                && let Err(error) = self.ready(lane).await
            {
                self.refuse(lane, &error);
                continue;
            }
            let (items, callers) = {
                let mut state = self.lanes[lane].lock();
                let group = self.take(&mut state);
                if group.0.is_empty() {
                    state.runs -= 1;
                    return;
                }
                group
            };
            self.run(lane, &items, callers).await;
        }
    }

    fn is_awaited(&self, lane: usize) -> bool {
        !self.lanes[lane].lock().waiting.is_empty()
    }

    async fn ready(&self, lane: usize) -> StoreResult<()> {
        let ready = AssertUnwindSafe(self.executor.ready(lane)).catch_unwind();
        ready.await.unwrap_or_else(|_| Err(C::SITE.broken()))
    }

    /// Answers all who wait.
    fn refuse(&self, lane: usize, error: &StoreError) {
        let waiting = std::mem::take(&mut self.lanes[lane].lock().waiting);
        for Waiting { caller, .. } in waiting {
            // Who gave up needs no answer.
            let _ = caller.reply.send(Err(error.clone()));
        }
    }

    fn take(&self, lane: &mut Lane<C>) -> (Vec<C::Item>, Vec<Caller<C>>) {
        let (mut items, mut callers, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(next) = lane.waiting.front() {
            let size = self.executor.bytes(&next.item);
            let full = items.len() >= self.batches.max_items || bytes + size > self.batches.max_bytes;
            if full && !items.is_empty() {
                break;
            }
            let Some(Waiting { item, caller }) = lane.waiting.pop_front() else { break };
            if caller.reply.is_closed() || !caller.ticket.start() {
                continue;
            }
            bytes += size;
            items.push(item);
            callers.push(caller);
        }
        (items, callers)
    }

    async fn run(&self, lane: usize, items: &[C::Item], callers: Vec<Caller<C>>) {
        let answers = match self.execute(lane, items, &callers).await {
            Err(error) if items.len() > 1 && error.outcome == Outcome::NotApplied && is_of_one(error.kind) => {
                for (item, caller) in items.iter().zip(callers) {
                    let alone = std::slice::from_ref(&caller);
                    let answer = self.execute(lane, std::slice::from_ref(item), alone).await;
                    let answer = answer.and_then(|answers| answers.into_iter().next().unwrap_or(Err(missing::<C>())));
                    let _ = caller.reply.send(answer);
                }
                return;
            }
            Err(error) => callers.iter().map(|_| Err(error.clone())).collect(),
            Ok(answers) if answers.len() == callers.len() => answers,
            Ok(_) => callers.iter().map(|_| Err(missing::<C>())).collect(),
        };
        for (answer, caller) in answers.into_iter().zip(callers) {
            // Who gave up needs no answer.
            let _ = caller.reply.send(answer);
        }
    }

    /// Ends with the last of the callers.
    async fn execute(
        &self,
        lane: usize,
        items: &[C::Item],
        callers: &[Caller<C>],
    ) -> StoreResult<Vec<StoreResult<C::Answer>>> {
        let now = Instant::now();
        let deadlines = || callers.iter().map(|caller| caller.deadline);
        let (first, last) = (deadlines().min().unwrap_or(now), deadlines().max().unwrap_or(now));
        let run = AssertUnwindSafe(self.executor.execute(lane, items, first)).catch_unwind();
        match timeout_at(last, run).await {
            Ok(Ok(answers)) => answers,
            Ok(Err(_)) => Err(begun::<C>(C::SITE.broken())),
            Err(_) => Err(begun::<C>(C::SITE.late())),
        }
    }
}

/// Whether an error can be the fault of one member, rather than of the way to the store.
const fn is_of_one(kind: StoreErrorKind) -> bool {
    !matches!(kind, StoreErrorKind::Unavailable | StoreErrorKind::Timeout)
}

fn missing<C: BatchExecutor>() -> StoreError {
    begun::<C>(C::SITE.error(StoreErrorKind::Corrupt, "the run answered another number of operations"))
}

/// An error after the run had begun.
fn begun<C: BatchExecutor>(error: StoreError) -> StoreError {
    if C::WRITES { error.unknown() } else { error }
}

impl<C: BatchExecutor> Clone for Coalescer<C> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<C: BatchExecutor> fmt::Debug for Coalescer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coalescer")
            .field("site", &C::SITE)
            .field("batches", &self.inner.batches)
            .finish_non_exhaustive()
    }
}
