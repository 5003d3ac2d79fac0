use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use fastestmcp_core::backend::{At, BatchExecutor, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::session::Version;
use fastestmcp_core::task::{Renewed, Token};
use tokio::time::Instant;

use super::request;
use super::run::{Runs, script};
use crate::error::{BACKEND, Failure};
use crate::script::{Access, Script};

static RENEW: LazyLock<Script> = LazyLock::new(|| script(Access::Write, include_str!("../../scripts/task_renew.lua")));

/// What a lease weighs in a run: renewals have no bytes to speak of, but a run of too many would keep the server from
/// others.
const LEASE_BYTES: usize = 4 << 10;

/// The leases of one worker.
#[derive(Debug)]
pub(super) struct Renewal {
    pub(super) leases: Vec<(TaskId, Token)>,
    pub(super) lease: Duration,
}

/// Renewals of concurrent callers in one run.
pub(super) struct Renewals(pub(super) Runs);

#[async_trait]
impl BatchExecutor for Renewals {
    type Item = Renewal;
    type Answer = At<Vec<Renewed>>;
    const SITE: Site = Site { backend: BACKEND, operation: "renew" };
    const WRITES: bool = true;

    fn bytes(&self, renewal: &Renewal) -> usize {
        renewal.leases.len() * LEASE_BYTES
    }

    async fn ready(&self, _: usize) -> StoreResult<()> {
        self.0.reach().await.map_err(|failure| failure.of_write("renew"))
    }

    async fn execute(
        &self,
        _: usize,
        renewals: &[Renewal],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<Self::Answer>>> {
        let mut call = self.0.call(&RENEW);
        for renewal in renewals {
            for (id, token) in &renewal.leases {
                call.args.push(id.as_str());
                call.args.push(request::renew(*token, renewal.lease));
            }
        }
        let mut answers = self.0.execute(&call, deadline).await.map_err(|failure| failure.of_write("renew"))?;
        let mut one = |renewal: &Renewal| {
            let until = answers.now.after(renewal.lease);
            let held =
                |version| if version == 0 { Renewed::Lost } else { Renewed::Held { until, version: Version(version) } };
            let renewed =
                renewal.leases.iter().map(|_| answers.value.number().map(held)).collect::<Result<_, Failure>>();
            renewed.map(|renewed| At::new(answers.now, renewed)).map_err(|failure| failure.of_write("renew"))
        };
        Ok(renewals.iter().map(&mut one).collect())
    }
}
