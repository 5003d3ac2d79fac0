use std::sync::LazyLock;

use bytes::Bytes;
use fastestmcp_core::backend::{At, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{Listing, Page, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::TaskHead;
use redis::Value;

use super::answer::{answer, bytes};
use super::head::{decode, digest, text};
use super::run::script;
use crate::error::{BACKEND, Failure};
use crate::reply::shown;
use crate::script::{Access, Script};
use crate::store::RedisStore;

static LIST: LazyLock<Script> = LazyLock::new(|| script(Access::Read, include_str!("../../scripts/task_list.lua")));

const SITE: Site = Site { backend: BACKEND, operation: "list_tasks" };

pub(super) async fn list(
    store: &RedisStore,
    filter: &OwnerFilter,
    status: Option<u8>,
    page: &PageRequest,
) -> StoreResult<At<Page<TaskHead>>> {
    let mut call = store.task_runs().keys.call(&LIST);
    let owner = match filter {
        OwnerFilter::Any => Vec::new(),
        OwnerFilter::Is(owner) => digest(owner.as_str()).to_vec(),
    };
    let status = status.map(|status| status.to_string()).unwrap_or_default();
    let listing = Listing::new(&[b"tasks", &call.keys[0], &owner, status.as_bytes()]);
    let anchor = match &page.after {
        None => Bytes::new(),
        Some(position) => listing.anchor(position).map_err(|_| Failure::Cursor.of_read(SITE.operation))?,
    };
    call.args.push(owner);
    call.args.push(status);
    call.args.push_number(page.limit.get() as u64);
    call.args.push_number(page.limit.examined() as u64);
    call.args.push(anchor);
    let reply = store.read(SITE.operation, call).await?;
    heads(reply, &listing).map_err(|failure| failure.of_read(SITE.operation))
}

fn heads(reply: Value, listing: &Listing) -> Result<At<Page<TaskHead>>, Failure> {
    let mut answer = answer(reply)?;
    // Creation time and id of the last row that was examined: the sort key.
    let last = bytes(&mut answer.value)?;
    let mut rows = answer.value.nested()?;
    let mut items = Vec::new();
    while !rows.is_empty() {
        let (id, packed) = (bytes(&mut rows)?, bytes(&mut rows)?);
        match text(&id).and_then(|id| decode(TaskId::new(id), &packed)) {
            Ok(head) => items.push(head),
            Err(_) => SITE.stepped_over("a task", &shown(&id)),
        }
    }
    let mut unread = answer.value.nested()?;
    while !unread.is_empty() {
        SITE.stepped_over("a task", &shown(&bytes(&mut unread)?));
    }
    let next = (!last.is_empty()).then(|| listing.position(&last));
    Ok(At::new(answer.now, Page { items, next }))
}
