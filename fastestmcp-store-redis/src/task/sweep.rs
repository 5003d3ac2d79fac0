use std::sync::LazyLock;

use fastestmcp_core::backend::{Site, SweepBudget, SweepStep};
use fastestmcp_core::error::StoreResult;

use super::answer::{answer, bytes};
use super::run::script;
use crate::error::{BACKEND, Failure};
use crate::reply::shown;
use crate::script::{Access, Script};
use crate::store::RedisStore;
use crate::sweep::read_step;

static SWEEP: LazyLock<Script> = LazyLock::new(|| script(Access::Free, include_str!("../../scripts/task_sweep.lua")));

/// The most one script removes, so that it keeps the server for a few milliseconds.
const STEP: SweepBudget = SweepBudget { max_rows: 200, max_bytes: 4 << 20 };

const SITE: Site = Site { backend: BACKEND, operation: "sweep" };

/// Removes some expired tasks.
pub(crate) async fn sweep(store: &RedisStore, left: SweepBudget) -> StoreResult<SweepStep> {
    let mut call = store.task_runs().keys.call(&SWEEP);
    call.args.push_number(left.max_rows.min(STEP.max_rows) as u64);
    call.args.push_number(left.max_bytes.min(STEP.max_bytes) as u64);
    let reply = store.write("sweep", call).await?;
    let step = answer(reply).and_then(|mut answer| {
        let step = read_step(&mut answer.value)?;
        let mut unread = answer.value.nested()?;
        while !unread.is_empty() {
            SITE.stepped_over("an expired task, which is removed", &shown(&bytes(&mut unread)?));
        }
        Ok(step)
    });
    step.map_err(|failure: Failure| failure.of_write("sweep"))
}
