use std::sync::LazyLock;

use fastestmcp_core::backend::{SweepBudget, SweepStep};
use fastestmcp_core::error::StoreResult;
use redis::Value;

use super::stream_name;
use crate::call::Call;
use crate::error::Failure;
use crate::reply::{Reply, bytes};
use crate::script::{Access, LINEAGE, Script};
use crate::store::RedisStore;

static DEAD: LazyLock<Script> =
    LazyLock::new(|| Script::new(Access::Read, include_str!("../../scripts/event_dead.lua")));
static REMOVE: LazyLock<Script> =
    LazyLock::new(|| Script::with(Access::Free, LINEAGE, include_str!("../../scripts/event_remove.lua")));

/// Topics that one step removes at most. Their memory is freed by a thread of Redis's own.
const AT_ONCE: usize = 100;

/// Removes dead topics of one part. Two scripts, because a script's keys are named before it runs.
pub(crate) async fn sweep(store: &RedisStore, part: usize, budget: SweepBudget) -> StoreResult<SweepStep> {
    let most = budget.max_rows.min(AT_ONCE);
    let mut call = Call::new(&DEAD, store.parts().tag(part), &["ends"]);
    call.args.push_number(most as u64);
    let Value::Array(dead) = store.read("sweep", call).await? else {
        return Err(Failure::Reply("event_dead").of_read("sweep"));
    };
    let full = dead.len() == most;
    let mut step = SweepStep { rows: 0, bytes: 0, more: full };
    for digest in dead {
        if step.bytes >= budget.max_bytes {
            return Ok(SweepStep { more: true, ..step });
        }
        let digest = bytes("event_dead", digest).map_err(|failure| failure.of_read("sweep"))?.unwrap_or_default();
        let mut call = Call::new(&REMOVE, store.parts().tag(part), &["topics", "ends", &stream_name(&digest)]);
        call.args.push(digest);
        let reply = store.write("sweep", call).await?;
        let (rows, bytes) = read(reply).map_err(|failure| failure.of_write("sweep"))?;
        step.rows += rows;
        step.bytes += bytes;
    }
    Ok(step)
}

fn read(reply: Value) -> Result<(usize, usize), Failure> {
    let mut reply = Reply::of("event_remove", reply)?;
    reply.time()?;
    let mut count = || reply.number().map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Ok((count()?, count()?))
}
