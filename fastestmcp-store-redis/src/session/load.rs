use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::{At, Carrier, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::{Loaded, Scope, ScopeInfo, ScopeKind, Touch};
use fastestmcp_core::time::{StoreTime, millis};
use redis::Value;
use tokio::time::Instant;

use super::record::{StoredEntry, StoredScope};
use super::{PRELUDE, scope_place};
use crate::call::Call;
use crate::error::{BACKEND, Failure};
use crate::parts::Parts;
use crate::reply::{Reply, bytes};
use crate::script::{Access, Script};
use crate::store::{RedisStore, Servers};

static TOUCH: LazyLock<Script> =
    LazyLock::new(|| Script::with(Access::Write, PRELUDE, include_str!("../../scripts/session_touch.lua")));

const SITE: Site = Site { backend: BACKEND, operation: "load" };

/// The fields of one load: the scope's first, then those of its keys.
#[derive(Debug)]
pub(super) struct Load {
    kind: ScopeKind,
    fields: Vec<Vec<u8>>,
}

impl Load {
    pub(super) fn new(parts: &Parts, scope: &Scope, keys: &[&str]) -> (usize, Self) {
        let place = scope_place(parts, scope);
        let of_key = |key: &&str| [b"e", &place.digest[..], key.as_bytes()].concat();
        let fields = std::iter::once([b"s", &place.digest[..]].concat()).chain(keys.iter().map(of_key)).collect();
        (place.part, Self { kind: scope.kind, fields })
    }

    fn read(&self, found: &mut impl Iterator<Item = Value>, now: StoreTime) -> Result<Loaded, Failure> {
        let mut next = || bytes("HMGET", found.next().ok_or(Failure::Reply("HMGET"))?);
        let record = next()?;
        let entries: Vec<Option<Bytes>> = self.fields[1..].iter().map(|_| next()).collect::<Result<_, _>>()?;
        let scope = record.map(|record| StoredScope::read(self.kind, record)).transpose()?;
        let Some(scope) = scope.filter(|scope| scope.is_live(now)) else {
            let scope = (self.kind == ScopeKind::System).then_some(ScopeInfo::SYSTEM);
            return Ok(Loaded { scope, entries: vec![None; entries.len()] });
        };
        let live = |record: Bytes| Ok(StoredEntry::read(record)?.live_in(&scope, now));
        let entries =
            entries.into_iter().map(|record| record.map_or(Ok(None), live)).collect::<Result<_, Failure>>()?;
        Ok(Loaded { scope: Some(scope.info), entries })
    }
}

/// Loads of many callers as one read.
///
/// No script: values would be copied twice. The clock and the fields are read in one transaction, because a time read
/// before or after them could be one at which what was read was never true: a scope that a touch extended in between
/// would be reported gone, or a key as live beside a write that found it expired.
pub(super) struct Loads {
    pub(super) servers: Arc<Servers>,
    pub(super) parts: Arc<Parts>,
}

#[async_trait]
impl Carrier for Loads {
    type Item = Load;
    type Answer = At<Loaded>;
    const SITE: Site = SITE;

    fn bytes(&self, item: &Load) -> usize {
        item.fields.iter().map(Vec::len).sum()
    }

    async fn carry(
        &self,
        lane: usize,
        items: &[Load],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<Self::Answer>>> {
        let tag = self.parts.tag(lane);
        let fields = || items.iter().flat_map(|item| &item.fields);
        let bytes: usize = fields().map(Vec::len).sum();
        let mut command = redis::Cmd::with_capacity(fields().count() + 2, bytes + 64);
        command.arg("HMGET").arg(&tag.key("state")[..]);
        fields().for_each(|field| {
            command.arg(field);
        });
        let found = self.servers.read_now(tag, &command, deadline).await;
        let (now, found) = found.map_err(|failure| failure.of_read(SITE.operation))?;
        let Value::Array(found) = found else { return Err(Failure::Reply("HMGET").of_read(SITE.operation)) };
        let mut found = found.into_iter();
        let of_item = |item: &Load| {
            // All of an item's values are taken, also if one of them is damaged.
            let mut own: Vec<Value> = found.by_ref().take(item.fields.len()).collect();
            let loaded = item.read(&mut own.drain(..), now);
            loaded.map(|loaded| At::new(now, loaded)).map_err(|failure| failure.of_read(SITE.operation))
        };
        Ok(items.iter().map(of_item).collect())
    }
}

/// A load that slides the deadline: the same, in one script.
pub(super) async fn touch(store: &RedisStore, part: usize, load: Load, touch: Touch) -> StoreResult<At<Loaded>> {
    let life = format!("life:{}", load.kind.code());
    let mut call = Call::new(&TOUCH, store.parts().tag(part), &["state", &life]);
    call.args.push_number(millis(touch.ttl));
    call.args.push_number(millis(touch.slack));
    load.fields.iter().for_each(|field| call.args.push(field));
    let reply = store.write(SITE.operation, call).await?;
    let read = |reply| {
        let mut reply = Reply::of("session_touch", reply)?;
        let now = reply.time()?;
        Ok(At::new(now, load.read(&mut reply.rest(), now)?))
    };
    read(reply).map_err(|failure: Failure| failure.of_write(SITE.operation))
}
