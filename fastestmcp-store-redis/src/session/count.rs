use std::sync::LazyLock;

use fastestmcp_core::backend::At;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::session::ScopeKind;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::list_scopes;
use crate::call::Call;
use crate::error::Failure;
use crate::reply::Reply;
use crate::script::{Access, Script};
use crate::store::RedisStore;

static SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::new(Access::Read, include_str!("../../scripts/session_count.lua")));

const OPERATION: &str = "count_scopes";
/// Parts that are asked at once.
const AT_ONCE: usize = 16;

pub(super) async fn run(store: &RedisStore, kind: ScopeKind, at_most: u64) -> StoreResult<At<u64>> {
    if kind == ScopeKind::System {
        return listed(store, at_most).await;
    }
    let life = &format!("life:{}", kind.code());
    let parts = stream::iter((0..store.parts().count()).map(|part| of_part(store, part, life)));
    let counts: Vec<At<u64>> = parts.buffered(AT_ONCE).try_collect().await?;
    let now = counts.iter().map(|count| count.now).min().unwrap_or_default();
    Ok(At::new(now, counts.iter().map(|count| count.value).sum::<u64>().min(at_most)))
}

async fn of_part(store: &RedisStore, part: usize, life: &str) -> StoreResult<At<u64>> {
    let reply = store.read(OPERATION, Call::new(&SCRIPT, store.parts().tag(part), &[life])).await?;
    let read = |reply| {
        let mut reply = Reply::of("session_count", reply)?;
        Ok(At::new(reply.time()?, reply.number()?))
    };
    read(reply).map_err(|failure: Failure| failure.of_read(OPERATION))
}

/// System scopes are there while they hold a key: only walking them tells how many do.
async fn listed(store: &RedisStore, at_most: u64) -> StoreResult<At<u64>> {
    let mut count = 0;
    let mut page = PageRequest::first(PageLimit::MAX);
    loop {
        let listed = list_scopes::run(store, ScopeKind::System, page).await?;
        count += listed.value.items.len() as u64;
        match listed.value.next {
            Some(next) if count < at_most => page = PageRequest::after(PageLimit::MAX, next),
            _ => return Ok(At::new(listed.now, count.min(at_most))),
        }
    }
}
