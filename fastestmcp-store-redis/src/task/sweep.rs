use std::sync::LazyLock;

use fastestmcp_core::backend::SweepBudget;
use fastestmcp_core::error::StoreResult;
use redis::Value;

use super::answer::Answer;
use super::run::script;
use crate::error::Failure;
use crate::script::{Access, Script};
use crate::store::RedisStore;
use crate::sweep::Step;

static SWEEP: LazyLock<Script> = LazyLock::new(|| script(Access::Free, include_str!("../../scripts/task_sweep.lua")));

/// The most one script removes, so that it keeps the server for a few milliseconds.
const STEP: SweepBudget = SweepBudget { max_rows: 200, max_bytes: 4 << 20 };

/// Removes some expired tasks.
pub(crate) async fn sweep(store: &RedisStore, left: SweepBudget) -> StoreResult<Step> {
    let mut call = store.task_runs().keys.call(&SWEEP);
    call.args.push_number(left.max_rows.min(STEP.max_rows) as u64);
    call.args.push_number(left.max_bytes.min(STEP.max_bytes) as u64);
    let reply = store.write("sweep", call).await?;
    step(reply).map_err(|failure| failure.of_write("sweep"))
}

fn step(reply: Value) -> Result<Step, Failure> {
    let mut answer = Answer::at(reply)?.value;
    let mut count = || answer.number().map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Ok(Step { rows: count()?, bytes: count()?, more: count()? == 1 })
}
