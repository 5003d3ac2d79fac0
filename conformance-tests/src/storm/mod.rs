//! Load on all seams that goes on while servers fail, and notices every promise that is broken: [`Storm`].
//!
//! Every call must end in time (G5), with a value or an error of a retryable kind (G4). What was acknowledged must be
//! there in the end, what was `NotApplied` must not, versions and offsets never come twice (G10), a task ends once (T3).
//!
//! ```
//! use std::io;
//! use std::time::Duration;
//!
//! use fastestmcp_conformance::Node;
//! use fastestmcp_conformance::storm::{Terms, endure};
//!
//! async fn twenty_restarts_lose_nothing(nodes: Vec<Node>, restart: impl AsyncFn() -> io::Result<()>) {
//!     let terms = Terms { deadline: Duration::from_secs(5), keeps: true };
//!     let report = endure(nodes, terms, 20, async |_| restart().await).await.unwrap();
//!     println!("{report:?}");
//! }
//! ```

mod caller;
mod endure;
mod event;
mod session;
mod task;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::harness::Node;
use caller::{Caller, Findings};
pub use endure::endure;
use task::Board;

/// How many callers of each seam a node has.
const CALLERS: usize = 2;

/// What the stores promise.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The timeout that the stores were opened with.
    pub deadline: Duration,
    /// Whether everything acknowledged survives what happens; false for a failover that may lose the last writes. All
    /// else holds anyway.
    pub keeps: bool,
}

/// Callers that go on until they are ended.
#[derive(Debug)]
pub struct Storm {
    findings: Arc<Findings>,
    board: Arc<Board>,
    nodes: Vec<Node>,
    callers: Vec<JoinHandle<()>>,
}

/// What a storm has seen.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Calls that were answered with a value.
    pub answered: u64,
    /// Calls that failed and changed nothing.
    pub not_applied: u64,
    /// Calls that failed and may have changed something.
    pub unknown: u64,
    /// The call that took longest.
    pub longest: Duration,
    /// The longest that it took after a fault until every caller was answered again; of [`endure`].
    pub back: Duration,
    /// Promises that were broken.
    pub violations: Vec<String>,
}

impl Storm {
    /// Begins, on the tokio runtime of the caller.
    pub fn start(nodes: Vec<Node>, terms: Terms) -> Self {
        let findings = Arc::new(Findings::new(terms));
        let board = Arc::new(Board::new());
        let mut callers = Vec::new();
        for node in &nodes {
            for _ in 0..CALLERS {
                if let Some(store) = node.sessions.clone() {
                    callers.push(tokio::spawn(session::run(Caller::new(&findings, "session"), store)));
                }
                if let Some(tasks) = node.tasks.clone() {
                    callers.push(tokio::spawn(task::run(Caller::new(&findings, "task"), tasks, board.clone())));
                }
                if let Some(log) = node.events.clone() {
                    callers.push(tokio::spawn(event::run(Caller::new(&findings, "event"), log)));
                }
            }
        }
        Self { findings, board, nodes, callers }
    }

    /// Waits until every caller has had an answer to a call begun after this one; how long that took.
    ///
    /// # Errors
    /// Some caller had none within that time.
    pub async fn all_succeed(&self, within: Duration) -> Result<Duration, String> {
        let start = Instant::now();
        loop {
            let waiting = self.findings.without_success_since(start);
            if waiting.is_empty() {
                return Ok(start.elapsed());
            }
            if start.elapsed() > within {
                return Err(format!("no success within {within:?}: {}", waiting.join(", ")));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Whether something is already wrong.
    pub fn has_violations(&self) -> bool {
        self.findings.has_violations()
    }

    /// Ends all callers, which then look whether everything is as it was acknowledged. The servers must be up.
    pub async fn end(self) -> Report {
        self.findings.stop();
        for caller in self.callers {
            if let Err(error) = caller.await {
                self.findings.violation(format!("a caller panicked: {error}"));
            }
        }
        if let Some(tasks) = self.nodes.iter().find_map(|node| node.tasks.clone()) {
            task::verify(&self.findings, &tasks, &self.board).await;
        }
        self.findings.report()
    }
}
