//! The reference model: plain maps under one lock. It is the contract as a program: every other store is compared with
//! it, and every planted store is this one with a single [`Bug`] switched on.

mod bent;
mod bug;
mod claim;
mod clock;
mod crash;
mod damage;
mod event;
mod faulty;
mod first;
mod foreign;
mod harness;
mod page;
mod session;
mod sweep;
mod switch;
mod task;
mod under_way;
mod wire;

pub use bug::Bug;
pub use harness::ModelHarness;
use switch::Switch;
use wire::Wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use fastestmcp_core::backend::{Backend, Durability, Guarantees, Reach, SweepBudget, Swept};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::Namespace;
use fastestmcp_core::limits::{Limits, Refused};
use fastestmcp_core::time::{Clock, StoreTime};
use parking_lot::{Mutex, MutexGuard};

/// The name of the model in its errors.
const NAME: &str = "model";

/// The reference implementation of all three seams.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    node: usize,
    namespace: Namespace,
    spaces: Spaces,
    clock: Arc<dyn Clock>,
    switch: Arc<Switch>,
    limits: Limits,
    space: Arc<Mutex<Space>>,
    wakes: event::Wakes,
}

/// The data of one namespace.
#[derive(Clone, Debug, Default)]
struct Space {
    /// The newest version, token or offset: one counter that outlives everything it numbers.
    counter: u64,
    sessions: session::Sessions,
    tasks: task::Tasks,
    topics: event::Topics,
    damaged: damage::Damaged,
    /// Rows that belong to nothing any more, for the bugs that leave some.
    orphans: usize,
    /// Who swept last, and how much.
    swept: Option<(usize, u64)>,
    under_way: under_way::UnderWay,
}

impl Space {
    fn draw(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}

type Shared = (Arc<Mutex<Space>>, event::Wakes);
type Spaces = Arc<Mutex<BTreeMap<Namespace, Shared>>>;

/// What survives the end of every handle: the model's disk.
#[derive(Clone, Debug)]
struct Disk {
    clock: Arc<dyn Clock>,
    switch: Arc<Switch>,
    spaces: Spaces,
    wires: Arc<Mutex<BTreeMap<usize, Arc<Wire>>>>,
    between: Arc<bent::BetweenNodes>,
}

impl Disk {
    fn new(clock: Arc<dyn Clock>, switch: Arc<Switch>) -> Self {
        Self { clock, switch, spaces: Arc::default(), wires: Arc::default(), between: Arc::default() }
    }

    fn wire(&self, node: usize) -> Arc<Wire> {
        self.wires.lock().entry(node).or_default().clone()
    }

    fn open(&self, namespace: &Namespace, node: usize) -> Model {
        let (space, wakes) = self.spaces.lock().entry(namespace.clone()).or_default().clone();
        let (clock, switch) = (self.clock.clone(), self.switch.clone());
        let (namespace, spaces) = (namespace.clone(), self.spaces.clone());
        Model { node, namespace, spaces, clock, switch, limits: Limits::default(), space, wakes }
    }
}

impl Model {
    /// An empty model without a bug.
    pub(crate) fn reference(clock: Arc<dyn Clock>) -> Self {
        Disk::new(clock, Arc::new(Switch::off())).open(&Namespace::default(), 0)
    }

    /// Refuses an answer that is too large.
    fn answerable(&self, operation: &'static str, bytes: usize) -> StoreResult<()> {
        if self.switch.bends(Bug::AnswersWithoutBound, bytes > self.limits.max_batch_bytes) {
            return Ok(());
        }
        self.limits.check_answer(bytes).map_err(|refused| refused.into_error(NAME, operation))
    }

    /// Refuses a request that is too large or makes no sense.
    fn allowed(&self, operation: &'static str, checked: Result<(), Refused>) -> StoreResult<()> {
        match checked {
            Err(_) if self.switch.is(Bug::LimitsUnchecked) => Ok(()),
            checked => checked.map_err(|refused| refused.into_error(NAME, operation)),
        }
    }

    /// Lock, then read the clock once: the order of every operation.
    async fn begin(&self) -> (MutexGuard<'_, Space>, StoreTime) {
        if self.switch.is(Bug::ClockBeforeLock) {
            let now = self.clock.now();
            for _ in 0..self.switch.fired() % 4 {
                tokio::task::yield_now().await;
            }
            return (self.space.lock(), now);
        }
        let space = self.space.lock();
        let now = self.now();
        (space, now)
    }
}

#[async_trait]
impl Backend for Model {
    fn guarantees(&self) -> Guarantees {
        Guarantees::new(Durability::ProcessCrash, Reach::Host)
    }

    async fn ping(&self) -> StoreResult<StoreTime> {
        let (_space, now) = self.begin().await;
        Ok(now)
    }

    async fn sweep(&self, budget: SweepBudget) -> StoreResult<Swept> {
        let abroad = match self.abroad(Bug::ForeignSweep) {
            Some(abroad) => abroad.sweep(budget).await?.removed,
            None => 0,
        };
        let (mut space, now) = self.begin().await;
        if self.switch.bends(Bug::DamageStopsSweeps, space.damaged.any()) {
            return Err(damage::corrupt("sweep"));
        }
        let mut swept = space.sweep(now, budget, &self.switch);
        space.forget_what_is_gone();
        if let Some((node, removed)) = space.swept.replace((self.node, swept.removed))
            && self.switch.bends(Bug::SweepReportsAgain, node != self.node && removed > 0)
        {
            swept.removed += removed;
        }
        swept.removed += abroad;
        Ok(swept)
    }

    async fn close(&self) -> StoreResult<()> {
        let mut space = self.space.lock();
        if self.switch.has(Bug::CloseLosesTheNewest) {
            space.lose_the_newest(&self.switch);
        }
        Ok(())
    }
}
