use std::sync::LazyLock;
use std::time::Duration;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::task::{ClaimRequest, Claimed, Part};
use fastestmcp_core::time::millis;
use redis::Value;

use super::answer::{answer, id, record};
use super::head::digest;
use super::run::script;
use crate::error::Failure;
use crate::script::{Access, Script};
use crate::store::RedisStore;

static CLAIM: LazyLock<Script> = LazyLock::new(|| script(Access::Write, include_str!("../../scripts/task_claim.lua")));

/// Up to 64 tasks of the request's limit in one run: `scripts/task_claim.lua` says why.
pub(super) async fn claim(store: &RedisStore, request: &ClaimRequest) -> StoreResult<At<Claimed>> {
    let mut call = store.task_runs().keys.call(&CLAIM);
    call.args.push(&request.worker);
    call.args.push_number(millis(request.lease));
    call.args.push_number(request.limit as u64);
    // A claim of large tasks gets fewer of them.
    call.args.push_number(store.limits().max_batch_bytes as u64);
    for queue in &request.queues {
        call.args.push(digest(queue));
    }
    let reply = store.write("claim", call).await?;
    claimed(reply).map_err(|failure| failure.of_write("claim"))
}

fn claimed(reply: Value) -> Result<At<Claimed>, Failure> {
    let mut answer = answer(reply)?;
    let mut next = answer.value.nested()?;
    let next_due = if next.is_empty() { None } else { Some(Duration::from_millis(next.number()?)) };
    let mut rows = answer.value.nested()?;
    let mut tasks = Vec::new();
    while !rows.is_empty() {
        let mut row = rows.nested()?;
        let id = id(&mut row)?;
        tasks.push(record(&mut row, id, Part::All)?);
    }
    Ok(At::new(answer.now, Claimed::new(tasks, next_due)))
}
