use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use fastestmcp_core::backend::{At, BatchLimits, Coalescer};
use tokio::time::Instant;

use super::answer::answer;
use super::insert::Inserts;
use super::renew::Renewals;
use super::replace::Replaces;
use crate::call::{Args, Call};
use crate::error::Failure;
use crate::reply::Reply;
use crate::script::{Access, Script};
use crate::store::Servers;
use crate::tag::Tag;

/// All tasks of a namespace lie under these keys of one tag: what `KEYS` is in every task script.
const KEYS: [&str; 2] = ["records", "index"];

/// All share one tag, so there is one lane. A second run is on its way while the server is at the first.
const BATCHES: BatchLimits = BatchLimits { lanes: 1, runs_per_lane: 2, max_items: 128, max_bytes: 1 << 20 };

/// The script in `source`, after what all task scripts have in common.
pub(super) fn script(access: Access, source: &str) -> Script {
    let shared = concat!(
        include_str!("../../scripts/lineage.lua"),
        include_str!("../../scripts/task_head.lua"),
        include_str!("../../scripts/task_index.lua")
    );
    Script::with(access, shared, source)
}

/// Where the tasks of a namespace are.
#[derive(Clone, Debug)]
pub(super) struct TaskKeys {
    slot: u16,
    keys: Vec<Bytes>,
}

impl TaskKeys {
    /// A run of a task script.
    pub(super) fn call(&self, script: &'static Script) -> Call {
        Call { script, slot: self.slot, keys: self.keys.clone(), args: Args::default() }
    }
}

/// How the writes of concurrent callers share runs.
pub(crate) struct TaskRuns {
    pub(super) keys: TaskKeys,
    pub(super) inserts: Coalescer<Inserts>,
    pub(super) replaces: Coalescer<Replaces>,
    pub(super) renewals: Coalescer<Renewals>,
}

impl TaskRuns {
    /// `tag` is that of the namespace's tasks.
    pub(crate) fn new(servers: &Arc<Servers>, tag: &Tag) -> Self {
        let keys = TaskKeys { slot: tag.slot(), keys: KEYS.iter().map(|name| tag.key(name)).collect() };
        let runs = || Runs { servers: servers.clone(), keys: keys.clone() };
        Self {
            inserts: Coalescer::new(Inserts(runs()), BATCHES),
            replaces: Coalescer::new(Replaces(runs()), BATCHES),
            renewals: Coalescer::new(Renewals(runs()), BATCHES),
            keys,
        }
    }
}

impl fmt::Debug for TaskRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRuns").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// What carries out the shared runs.
pub(super) struct Runs {
    servers: Arc<Servers>,
    keys: TaskKeys,
}

impl Runs {
    pub(super) fn call(&self, script: &'static Script) -> Call {
        self.keys.call(script)
    }

    /// Returns when there is a connection.
    pub(super) async fn reach(&self) -> Result<(), Failure> {
        self.servers.reach(self.keys.slot).await.map(drop)
    }

    /// Runs a script that answers `[now, [one answer per item]]`.
    pub(super) async fn execute(&self, call: &Call, deadline: Instant) -> Result<At<Reply>, Failure> {
        let mut answer = answer(self.servers.run_by(call, None, deadline).await?)?;
        Ok(At::new(answer.now, answer.value.nested()?))
    }
}
