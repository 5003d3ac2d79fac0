use std::sync::LazyLock;

use async_trait::async_trait;
use fastestmcp_core::backend::{At, BatchExecutor, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::task::{Part, ReplaceOutcome, ReplaceRequest};
use tokio::time::Instant;

use super::answer::{STRANGE, head, record};
use super::head::UNREADABLE;
use super::request;
use super::run::{Runs, script};
use crate::error::{BACKEND, Failure};
use crate::reply::Reply;
use crate::rounds::in_rounds;
use crate::script::{Access, Script};

static REPLACE: LazyLock<Script> =
    LazyLock::new(|| script(Access::Write, include_str!("../../scripts/task_replace.lua")));

/// Guarded writes of concurrent callers in one run.
pub(super) struct Replaces(pub(super) Runs);

#[async_trait]
impl BatchExecutor for Replaces {
    type Item = ReplaceRequest;
    type Answer = At<ReplaceOutcome>;
    const SITE: Site = Site { backend: BACKEND, operation: "replace" };
    const WRITES: bool = true;

    fn bytes(&self, request: &ReplaceRequest) -> usize {
        request.state.len()
    }

    async fn ready(&self, _: usize) -> StoreResult<()> {
        self.0.reach().await.map_err(|failure| failure.of_write("replace"))
    }

    async fn execute(
        &self,
        _: usize,
        requests: &[ReplaceRequest],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<Self::Answer>>> {
        in_rounds(
            requests,
            |requests| async move {
                let mut call = self.0.call(&REPLACE);
                for request in &requests {
                    call.args.push(request.id.as_str());
                    call.args.push(request::replace(request));
                    call.args.push(&request.state);
                }
                let mut answers = self.0.execute(&call, deadline).await?;
                let mut one = |request: &ReplaceRequest| {
                    let outcome = answers.value.nested().and_then(|answer| outcome(answer, &request.id)).transpose()?;
                    Some(
                        outcome
                            .map(|outcome| At::new(answers.now, outcome))
                            .map_err(|failure| failure.of_write("replace")),
                    )
                };
                Ok(requests.into_iter().map(&mut one).collect())
            },
            |failure| failure.of_write("replace"),
        )
        .await
    }
}

fn outcome(mut answer: Reply, id: &TaskId) -> Result<Option<ReplaceOutcome>, Failure> {
    Ok(Some(match answer.number()? {
        0 => ReplaceOutcome::Replaced(Box::new(head(&mut answer, id.clone())?)),
        1 => ReplaceOutcome::Conflict(Box::new(record(&mut answer, id.clone(), Part::State)?)),
        2 => ReplaceOutcome::LeaseLost,
        3 => ReplaceOutcome::Missing,
        4 => return Err(UNREADABLE),
        5 => return Ok(None),
        _ => return Err(STRANGE),
    }))
}
