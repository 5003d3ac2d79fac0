use std::sync::LazyLock;

use fastestmcp_core::backend::{SweepBudget, SweepStep};
use fastestmcp_core::error::StoreResult;

use super::PRELUDE;
use crate::call::Call;
use crate::error::Failure;
use crate::reply::Reply;
use crate::script::{Access, Script};
use crate::store::RedisStore;
use crate::sweep::read_step;

static SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::with(Access::Free, PRELUDE, include_str!("../../scripts/session_sweep.lua")));

/// One step in one part.
pub(crate) async fn sweep(store: &RedisStore, part: usize, budget: SweepBudget) -> StoreResult<SweepStep> {
    let names = ["state", "keys", "scopes", "life:0", "life:1", "life:2", "due", "graves", "values"];
    let mut call = Call::new(&SCRIPT, store.parts().tag(part), &names);
    call.args.push_number(budget.max_rows as u64);
    call.args.push_number(budget.max_bytes as u64);
    let reply = store.write("sweep", call).await?;
    let read = |reply| {
        let mut reply = Reply::of("session_sweep", reply)?;
        reply.time()?;
        read_step(&mut reply)
    };
    read(reply).map_err(|failure: Failure| failure.of_write("sweep"))
}
