use std::sync::LazyLock;

use fastestmcp_core::backend::{At, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Listing, Page, PageRequest};
use fastestmcp_core::session::{Entry, Scope};
use redis::Value;

use super::record::{StoredEntry, text};
use super::{PRELUDE, scope_place};
use crate::call::Call;
use crate::error::{BACKEND, Failure};
use crate::reply::{Reply, shown};
use crate::script::{Access, Script};
use crate::store::RedisStore;

static SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::with(Access::Read, PRELUDE, include_str!("../../scripts/session_list_entries.lua")));

const OPERATION: &str = "list_entries";
const SITE: Site = Site { backend: BACKEND, operation: OPERATION };

pub(super) async fn run(
    store: &RedisStore,
    scope: &Scope,
    prefix: &str,
    page: PageRequest,
) -> StoreResult<At<Page<(String, Entry)>>> {
    let listing = Listing::new(&[
        b"entries",
        store.namespace().as_str().as_bytes(),
        &[scope.kind.code()],
        scope.id.as_bytes(),
        prefix.as_bytes(),
    ]);
    let place = scope_place(store.parts(), scope);
    let mut call = Call::new(&SCRIPT, store.parts().tag(place.part), &["state", "keys", "values"]);
    call.args.push_parts(&[b"s", &place.digest]);
    match &page.after {
        None => call.args.push_parts(&[b"[", prefix.as_bytes()]),
        Some(position) => {
            let anchor = listing.anchor(position).map_err(|_| Failure::Cursor.of_read(OPERATION))?;
            call.args.push_parts(&[b"(", &anchor]);
        }
    }
    call.args.push(prefix);
    call.args.push_number(page.limit.get() as u64);
    call.args.push_number(page.limit.examined() as u64);
    // A page of large values ends early.
    call.args.push_number(store.limits().max_batch_bytes as u64);
    let reply = store.read(OPERATION, call).await?;
    read(reply, &listing).map_err(|failure| failure.of_read(OPERATION))
}

fn read(reply: Value, listing: &Listing) -> Result<At<Page<(String, Entry)>>, Failure> {
    let mut reply = Reply::of("session_list_entries", reply)?;
    let now = reply.time()?;
    let next = reply.bytes()?.map(|anchor| listing.position(&anchor));
    let mut damaged = reply.nested()?;
    while !damaged.is_empty() {
        stepped_over(&damaged.bytes()?.unwrap_or_default());
    }
    let mut items = Vec::new();
    while !reply.is_empty() {
        let (Some(key), Some(entry), Some(value)) = (reply.bytes()?, reply.bytes()?, reply.bytes()?) else {
            return Err(Failure::Reply("session_list_entries"));
        };
        match text(&key).and_then(|key| Ok((key, StoredEntry::read(entry, value)?.entry))) {
            Ok(item) => items.push(item),
            Err(_) => stepped_over(&key),
        }
    }
    Ok(At::new(now, Page { items, next }))
}

fn stepped_over(key: &[u8]) {
    SITE.stepped_over("an entry", &shown(key));
}
