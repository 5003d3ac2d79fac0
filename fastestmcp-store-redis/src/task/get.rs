use std::sync::LazyLock;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{Part, TaskRecord};
use redis::Value;

use super::answer::{answer, record};
use super::head::digest;
use super::run::script;
use crate::error::Failure;
use crate::script::{Access, Script};
use crate::store::RedisStore;

static GET: LazyLock<Script> = LazyLock::new(|| script(Access::Read, include_str!("../../scripts/task_get.lua")));

pub(super) async fn get(
    store: &RedisStore,
    ids: &[TaskId],
    filter: &OwnerFilter,
    part: Part,
) -> StoreResult<At<Vec<Option<TaskRecord>>>> {
    let mut call = store.task_runs().keys.call(&GET);
    call.args.push_number(match part {
        Part::Head => 0,
        Part::State => 1,
        Part::All => 2,
    });
    match filter {
        OwnerFilter::Any => call.args.push(""),
        OwnerFilter::Is(owner) => call.args.push(digest(owner.as_str())),
    }
    for id in ids {
        call.args.push(id.as_str());
    }
    let reply = store.read("get", call).await?;
    records(reply, ids, part).map_err(|failure| failure.of_read("get"))
}

fn records(reply: Value, ids: &[TaskId], part: Part) -> Result<At<Vec<Option<TaskRecord>>>, Failure> {
    let mut answer = answer(reply)?;
    let mut found = answer.value.nested()?;
    let mut one = |id: &TaskId| {
        let mut parts = found.nested()?;
        if parts.is_empty() { Ok(None) } else { record(&mut parts, id.clone(), part).map(Some) }
    };
    let records = ids.iter().map(&mut one).collect::<Result<_, Failure>>()?;
    Ok(At::new(answer.now, records))
}
