//! Where a case runs: a cluster on a clock that stands still, and the place for what the case finds.

use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastestmcp_core::error::Outcome;
use fastestmcp_core::event::EventLog;
use fastestmcp_core::session::SessionStateStore;
use fastestmcp_core::task::TaskBackend;
use fastestmcp_core::time::ManualClock;
use parking_lot::Mutex;

use crate::brief::brief;
use crate::halt::Halt;
use crate::harness::{Cluster, Fault, HarnessError, Node, Opener};
use crate::journal::{Journal, record};
use crate::options::Options;
use crate::random::Random;
use crate::seam::Seam;
use crate::step_clock::StepClock;

/// More findings than this say nothing new.
const MAX_FINDINGS: usize = 20;

/// What every scene of one run of a case shares.
#[derive(Debug)]
pub(crate) struct Findings {
    violations: Mutex<Vec<String>>,
    pub(crate) journal: Arc<Journal>,
}

impl Findings {
    pub(crate) fn new() -> Self {
        Self { violations: Mutex::default(), journal: Arc::new(Journal::default()) }
    }

    pub(crate) fn violation(&self, text: String) {
        let mut violations = self.violations.lock();
        if violations.len() < MAX_FINDINGS {
            violations.push(text);
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.violations.lock())
    }
}

/// One data set, the clock it runs on, and what was found.
pub(crate) struct Scene {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) random: Random,
    cluster: Box<dyn Cluster>,
    nodes: Mutex<Vec<(usize, Node)>>,
    opener: Arc<dyn Opener>,
    options: Arc<Options>,
    findings: Arc<Findings>,
    names: AtomicUsize,
}

impl Scene {
    pub(crate) async fn open(
        opener: Arc<dyn Opener>,
        options: Arc<Options>,
        findings: Arc<Findings>,
    ) -> Result<Self, Halt> {
        let clock = Arc::new(ManualClock::default());
        let cluster = opener.cluster(clock.clone()).await?;
        Ok(Self::on(cluster, clock, opener, options, findings))
    }

    fn on(
        cluster: Box<dyn Cluster>,
        clock: Arc<ManualClock>,
        opener: Arc<dyn Opener>,
        options: Arc<Options>,
        findings: Arc<Findings>,
    ) -> Self {
        let (random, names) = (Random::new(options.seed), AtomicUsize::default());
        Self { clock, random, cluster, nodes: Mutex::default(), opener, options, findings, names }
    }

    /// A second, independent data set that reports to the same case.
    pub(crate) async fn another(&self) -> Result<Self, Halt> {
        Self::open(self.opener.clone(), self.options.clone(), self.findings.clone()).await
    }

    /// A data set on the backend's production clock; the scene's own clock moves nothing there.
    pub(crate) async fn in_production(&self) -> Result<Self, Halt> {
        let (opener, options) = (self.opener.clone(), self.options.clone());
        let cluster = opener.production().await?;
        Ok(Self::on(cluster, Arc::default(), opener, options, self.findings.clone()))
    }

    /// Whether a whole run can go in virtual time.
    pub(crate) fn has_virtual_time(&self) -> bool {
        self.opener.virtual_time()
    }

    /// A data set whose time goes with tokio's: virtual where the backend can, else that of its production clock.
    pub(crate) async fn in_step(&self) -> Result<Self, Halt> {
        if !self.has_virtual_time() {
            return self.in_production().await;
        }
        let (opener, options) = (self.opener.clone(), self.options.clone());
        let cluster = opener.cluster(Arc::new(StepClock::start())).await?;
        Ok(Self::on(cluster, Arc::default(), opener, options, self.findings.clone()))
    }

    pub(crate) fn cluster(&self) -> &dyn Cluster {
        &*self.cluster
    }

    /// Makes the next operation of a node fail before the store sees it; the outcomes that are true then.
    pub(crate) async fn lose_next(&self, index: usize) -> Result<&'static [Outcome], Halt> {
        match self.cluster.inject(index, Fault::FailBefore).await {
            Ok(()) => Ok(&[Outcome::NotApplied]),
            Err(HarnessError::Unsupported(_)) => {
                self.cluster.inject(index, Fault::LoseRequest).await?;
                // It was sent: who cannot know better says so.
                Ok(&[Outcome::NotApplied, Outcome::Unknown])
            }
            Err(error) => Err(error.into()),
        }
    }

    /// How many nodes the run asks for, at least 2.
    pub(crate) fn nodes(&self) -> usize {
        self.options.nodes
    }

    pub(crate) fn seed(&self) -> u64 {
        self.options.seed
    }

    /// `base` repetitions in the quick profile, more in the others.
    pub(crate) fn times(&self, base: usize) -> usize {
        base * self.options.profile.factor()
    }

    /// Node `index`, opened once.
    pub(crate) async fn node(&self, index: usize) -> Result<Node, Halt> {
        let known = self.nodes.lock().iter().find(|(at, _)| *at == index).map(|(_, node)| node.clone());
        if let Some(node) = known {
            return Ok(node);
        }
        let node = record(self.cluster.node(index).await?, index.to_string(), &self.findings.journal);
        self.nodes.lock().push((index, node.clone()));
        Ok(node)
    }

    /// Forgets every handle, for instance after a crash.
    pub(crate) fn forget_nodes(&self) {
        self.nodes.lock().clear();
    }

    pub(crate) async fn sessions(&self, index: usize) -> Result<Arc<dyn SessionStateStore>, Halt> {
        self.node(index).await?.sessions.ok_or_else(|| missing(Seam::Session))
    }

    pub(crate) async fn tasks(&self, index: usize) -> Result<Arc<dyn TaskBackend>, Halt> {
        self.node(index).await?.tasks.ok_or_else(|| missing(Seam::Task))
    }

    pub(crate) async fn events(&self, index: usize) -> Result<Arc<dyn EventLog>, Halt> {
        self.node(index).await?.events.ok_or_else(|| missing(Seam::Event))
    }

    /// Moves the store's clock.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.findings.journal.note(format!("clock +{by:?}"));
    }

    /// Reports something that must not happen.
    pub(crate) fn violation(&self, text: impl Display) {
        self.findings.violation(text.to_string());
    }

    /// Whether anything was reported so far.
    pub(crate) fn failed(&self) -> bool {
        !self.findings.violations.lock().is_empty()
    }

    /// Reports `text` unless `holds`.
    pub(crate) fn check(&self, holds: bool, text: impl FnOnce() -> String) {
        if !holds {
            self.violation(text());
        }
    }

    /// Reports a difference.
    pub(crate) fn same<T: PartialEq + Debug>(&self, what: &str, got: &T, want: &T) {
        self.check(got == want, || format!("{what}: got {}, want {}", brief(got), brief(want)));
    }

    /// A name that this scene has not used yet.
    pub(crate) fn name(&self, stem: &str) -> String {
        format!("{stem}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }
}

pub(crate) fn missing(seam: Seam) -> Halt {
    Halt::Skip(format!("the backend has no {} seam", seam.name()))
}
