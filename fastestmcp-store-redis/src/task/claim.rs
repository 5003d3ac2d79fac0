use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::backend::{At, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::task::{ClaimRequest, Claimed, Part};
use fastestmcp_core::time::millis;
use redis::Value;

use super::answer::{answer, bytes, record};
use super::head::{digest, text};
use super::run::script;
use crate::error::{BACKEND, Failure};
use crate::reply::shown;
use crate::script::{Access, Script};
use crate::store::RedisStore;

static CLAIM: LazyLock<Script> = LazyLock::new(|| script(Access::Write, include_str!("../../scripts/task_claim.lua")));
static STEP_OVER: LazyLock<Script> =
    LazyLock::new(|| script(Access::Free, include_str!("../../scripts/task_step_over.lua")));

const SITE: Site = Site { backend: BACKEND, operation: "claim" };

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
    let reply = store.write(SITE.operation, call).await?;
    let (claimed, unread) = claimed(reply).map_err(|failure| failure.of_write(SITE.operation))?;
    if !unread.is_empty() {
        let mut call = store.task_runs().keys.call(&STEP_OVER);
        unread.iter().for_each(|id| call.args.push(id));
        // What was claimed beside them counts in any case; else they are met again when their leases end.
        if let Err(error) = store.write(SITE.operation, call).await {
            tracing::debug!(%error, "damaged tasks stay on the due index");
        }
    }
    Ok(claimed)
}

/// What was claimed, and the ids of those among it that the script could read and we cannot.
fn claimed(reply: Value) -> Result<(At<Claimed>, Vec<Bytes>), Failure> {
    let mut answer = answer(reply)?;
    let mut next = answer.value.nested()?;
    let next_due = if next.is_empty() { None } else { Some(Duration::from_millis(next.number()?)) };
    let (mut rows, mut named) = (answer.value.nested()?, answer.value.nested()?);
    let (mut tasks, mut damaged, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    while !rows.is_empty() {
        let mut row = rows.nested()?;
        let id = bytes(&mut row)?;
        match text(&id).and_then(|name| record(&mut row, TaskId::new(name), Part::All)) {
            Ok(record) => tasks.push(record),
            Err(Failure::Corrupt(_)) => {
                damaged.push(id.clone());
                unread.push(id);
            }
            Err(failure) => return Err(failure),
        }
    }
    while !named.is_empty() {
        damaged.push(bytes(&mut named)?);
    }
    let mut claimed = Claimed::new(tasks, next_due);
    for id in damaged {
        SITE.stepped_over("a task", &shown(&id));
        claimed.damaged.extend(text(&id).map(TaskId::new));
    }
    Ok((At::new(answer.now, claimed), unread))
}
