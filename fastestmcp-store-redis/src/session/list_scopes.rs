use std::sync::LazyLock;

use bytes::{Buf, Bytes};
use fastestmcp_core::backend::{At, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::page::{Listing, Page, PageRequest};
use fastestmcp_core::session::{Scope, ScopeInfo, ScopeKind};
use redis::Value;

use super::PRELUDE;
use super::record::StoredScope;
use crate::call::Call;
use crate::error::{BACKEND, Failure};
use crate::parts::DIGEST_BYTES;
use crate::reply::{Reply, hex};
use crate::script::{Access, Script};
use crate::store::RedisStore;

static SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::with(Access::Read, PRELUDE, include_str!("../../scripts/session_list_scopes.lua")));

const OPERATION: &str = "list_scopes";
const SITE: Site = Site { backend: BACKEND, operation: OPERATION };

/// Where a walk over the parts is: within one of them after a digest, or at a key of a scope that is not decided yet.
#[derive(Clone, Debug, Default)]
struct Anchor {
    part: usize,
    after: Bytes,
    within: Bytes,
}

impl Anchor {
    fn read(mut bytes: Bytes) -> Option<Self> {
        let part = usize::from(bytes.try_get_u16().ok()?);
        let length = usize::from(bytes.try_get_u8().ok()?);
        let whole = (length == 0 || length == DIGEST_BYTES) && bytes.len() >= length;
        whole.then(|| Self { part, after: bytes.split_to(length), within: bytes })
    }

    fn bytes(&self) -> Vec<u8> {
        let part = u16::try_from(self.part).unwrap_or(u16::MAX).to_be_bytes();
        let length = u8::try_from(self.after.len()).unwrap_or(u8::MAX);
        [&part[..], &[length], &self.after, &self.within].concat()
    }
}

/// What one part answered.
struct Found {
    at: At<Vec<(Scope, ScopeInfo)>>,
    examinable: usize,
    next: Option<Anchor>,
}

/// Part by part, within a part by the bytes of the digests.
pub(super) async fn run(
    store: &RedisStore,
    kind: ScopeKind,
    page: PageRequest,
) -> StoreResult<At<Page<(Scope, ScopeInfo)>>> {
    let listing = Listing::new(&[b"scopes", store.namespace().as_str().as_bytes(), &[kind.code()]]);
    let cursor = || Failure::Cursor.of_read(OPERATION);
    let mut anchor = match &page.after {
        None => Anchor::default(),
        Some(position) => {
            let bytes = listing.anchor(position).map_err(|_| cursor())?;
            Anchor::read(bytes).filter(|anchor| anchor.part < store.parts().count()).ok_or_else(cursor)?
        }
    };
    let (mut items, mut examinable) = (Vec::new(), page.limit.examined());
    loop {
        let found = part(store, kind, &anchor, page.limit.get() - items.len(), examinable).await?;
        items.extend(found.at.value);
        examinable = found.examinable;
        let (now, last) = (found.at.now, anchor.part + 1 == store.parts().count());
        if found.next.is_none() && last {
            return Ok(At::new(now, Page::last(items)));
        }
        let part = anchor.part + 1;
        let more = found.next.is_some();
        anchor = found.next.unwrap_or(Anchor { part, ..Anchor::default() });
        if more || items.len() == page.limit.get() || examinable == 0 {
            return Ok(At::new(now, Page { items, next: Some(listing.position(&anchor.bytes())) }));
        }
    }
}

async fn part(
    store: &RedisStore,
    kind: ScopeKind,
    anchor: &Anchor,
    limit: usize,
    examinable: usize,
) -> StoreResult<Found> {
    let mut call = Call::new(&SCRIPT, store.parts().tag(anchor.part), &["state", "keys", "scopes"]);
    call.args.push_number(kind.code().into());
    call.args.push(&anchor.after);
    call.args.push(&anchor.within);
    call.args.push_number(limit as u64);
    call.args.push_number(examinable as u64);
    let reply = store.read(OPERATION, call).await?;
    read(reply, kind, anchor.part).map_err(|failure| failure.of_read(OPERATION))
}

fn read(reply: Value, kind: ScopeKind, part: usize) -> Result<Found, Failure> {
    let mut reply = Reply::of("session_list_scopes", reply)?;
    let now = reply.time()?;
    let examinable = usize::try_from(reply.number()?).unwrap_or_default();
    let (after, within) = (reply.bytes()?, reply.bytes()?.unwrap_or_default());
    let next = after.map(|after| Anchor { part, after, within });
    let mut damaged = reply.nested()?;
    while !damaged.is_empty() {
        stepped_over(&damaged.bytes()?.unwrap_or_default());
    }
    let mut scopes = Vec::new();
    while !reply.is_empty() {
        let record = reply.bytes()?.ok_or(Failure::Reply("session_list_scopes"))?;
        let scope = StoredScope::read(kind, record.clone()).and_then(|scope| Ok((scope.scope(kind)?, scope.info)));
        match scope {
            Ok(scope) => scopes.push(scope),
            Err(_) => stepped_over(&record),
        }
    }
    Ok(Found { at: At::new(now, scopes), examinable, next })
}

/// What is left of a scope: its digest, or its record.
fn stepped_over(scope: &[u8]) {
    SITE.stepped_over("a scope", &hex(scope));
}
