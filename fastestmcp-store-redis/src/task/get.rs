use std::sync::LazyLock;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{Part, TaskRecord};
use redis::Value;

use super::answer::{STRANGE, answer, record};
use super::head::digest;
use super::run::script;
use crate::error::Failure;
use crate::reply::Reply;
use crate::script::{Access, Script};
use crate::store::{RedisStore, refuse};

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
    let mut answer = answer(reply).map_err(|failure| failure.of_read("get"))?;
    let found = match answer.value.value().map_err(|failure| failure.of_read("get"))? {
        Value::Int(bytes) => {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            store.limits().check_answer(bytes).map_err(refuse("get"))?;
            return Err(STRANGE.of_read("get"));
        }
        found => found,
    };
    let records = records(found, ids, part).map_err(|failure| failure.of_read("get"))?;
    Ok(At::new(answer.now, records))
}

fn records(found: Value, ids: &[TaskId], part: Part) -> Result<Vec<Option<TaskRecord>>, Failure> {
    let mut found = Reply::of("task_get", found)?;
    let mut one = |id: &TaskId| {
        let mut parts = found.nested()?;
        if parts.is_empty() { Ok(None) } else { record(&mut parts, id.clone(), part).map(Some) }
    };
    ids.iter().map(&mut one).collect()
}
