use std::sync::LazyLock;

use async_trait::async_trait;
use fastestmcp_core::backend::{At, BatchExecutor, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::task::{InsertOutcome, NewTask, Part};
use tokio::time::Instant;

use super::answer::{STRANGE, head, id, record};
use super::head::UNREADABLE;
use super::request;
use super::run::{Runs, script};
use crate::error::{BACKEND, Failure};
use crate::reply::Reply;
use crate::rounds::in_rounds;
use crate::script::{Access, Script};

static INSERT: LazyLock<Script> =
    LazyLock::new(|| script(Access::Write, include_str!("../../scripts/task_insert.lua")));

/// Inserts of concurrent callers in one run.
pub(super) struct Inserts(pub(super) Runs);

#[async_trait]
impl BatchExecutor for Inserts {
    type Item = NewTask;
    type Answer = At<InsertOutcome>;
    const SITE: Site = Site { backend: BACKEND, operation: "insert" };
    const WRITES: bool = true;

    fn bytes(&self, task: &NewTask) -> usize {
        task.spec.len() + task.state.len()
    }

    async fn ready(&self, _: usize) -> StoreResult<()> {
        self.0.reach().await.map_err(|failure| failure.of_write("insert"))
    }

    async fn execute(
        &self,
        _: usize,
        tasks: &[NewTask],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<Self::Answer>>> {
        in_rounds(
            tasks,
            |tasks| async move {
                let mut call = self.0.call(&INSERT);
                for task in &tasks {
                    call.args.push(task.id.as_str());
                    call.args.push(request::insert(task));
                    call.args.push(&task.spec);
                    call.args.push(&task.state);
                }
                let mut answers = self.0.execute(&call, deadline).await?;
                let mut one = |task: &NewTask| {
                    let outcome = answers.value.nested().and_then(|answer| outcome(answer, &task.id)).transpose()?;
                    Some(
                        outcome
                            .map(|outcome| At::new(answers.now, outcome))
                            .map_err(|failure| failure.of_write("insert")),
                    )
                };
                Ok(tasks.into_iter().map(&mut one).collect())
            },
            |failure| failure.of_write("insert"),
        )
        .await
    }
}

fn outcome(mut answer: Reply, new: &TaskId) -> Result<Option<InsertOutcome>, Failure> {
    Ok(Some(match answer.number()? {
        0 => InsertOutcome::Inserted(Box::new(head(&mut answer, new.clone())?)),
        1 => {
            let id = id(&mut answer)?;
            InsertOutcome::Existing(Box::new(record(&mut answer, id, Part::All)?))
        }
        2 => InsertOutcome::KeyReused,
        3 => InsertOutcome::QuotaExceeded { open: u32::try_from(answer.number()?).unwrap_or(u32::MAX) },
        4 => return Err(UNREADABLE),
        5 => return Ok(None),
        _ => return Err(STRANGE),
    }))
}
