use std::sync::{Arc, LazyLock};
use std::vec::IntoIter;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::{At, Carrier, Site};
use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use fastestmcp_core::session::{Loaded, Scope, ScopeInfo, ScopeKind, Touch};
use fastestmcp_core::time::{StoreTime, millis};
use redis::{Cmd, Value};
use tokio::time::Instant;

use super::record::{StoredEntry, StoredScope};
use super::{PRELUDE, scope_place};
use crate::call::Call;
use crate::error::{BACKEND, Failure};
use crate::parts::Parts;
use crate::reply::{Reply, bytes};
use crate::script::{Access, Script};
use crate::store::{RedisStore, Servers};

/// It puts records in the place of others of their size, and goes on when memory is full like all that only loads.
static TOUCH: LazyLock<Script> =
    LazyLock::new(|| Script::with(Access::Free, PRELUDE, include_str!("../../scripts/session_touch.lua")));

static LOAD: LazyLock<Script> =
    LazyLock::new(|| Script::with(Access::Read, PRELUDE, include_str!("../../scripts/session_load.lua")));

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

    /// The fields of the values.
    fn value_fields(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.fields[1..].iter().map(|field| &field[..])
    }

    /// What was read: the scope and the entries, then the values. All that is of this load is taken, also if some of it
    /// is damaged.
    fn read(
        &self,
        records: &mut impl Iterator<Item = Value>,
        values: &mut impl Iterator<Item = Value>,
        now: StoreTime,
    ) -> Result<Loaded, Failure> {
        let count = self.fields.len();
        let records: Vec<Value> = records.take(count).collect();
        let values: Vec<Value> = values.take(count - 1).collect();
        let mut records = records.into_iter().map(|record| bytes("HMGET", record));
        let record = records.next().ok_or(Failure::Reply("HMGET"))??;
        let scope = record.map(|record| StoredScope::read(self.kind, record)).transpose()?;
        let Some(scope) = scope.filter(|scope| scope.is_live(now)) else {
            let scope = (self.kind == ScopeKind::System).then_some(ScopeInfo::SYSTEM);
            return Ok(Loaded { scope, entries: vec![None; count - 1] });
        };
        let entry = |(record, value): (Result<Option<Bytes>, Failure>, Value)| {
            let Some(record) = record? else { return Ok(None) };
            let value = bytes("HMGET", value)?.ok_or(Failure::Corrupt("an entry without a value"))?;
            Ok(StoredEntry::read(record, value)?.live_in(&scope, now))
        };
        let entries = records.zip(values).map(entry).collect::<Result<_, Failure>>()?;
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
    const WRITES: bool = false;

    fn bytes(&self, item: &Load) -> usize {
        item.fields.iter().map(Vec::len).sum()
    }

    async fn carry(
        &self,
        lane: usize,
        items: &[Load],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<Self::Answer>>> {
        let found = match self.together(lane, items, deadline).await {
            Err(failure) if failure.kind() == StoreErrorKind::StorageFull => {
                self.by_script(lane, items, deadline).await
            }
            found => found,
        };
        let (now, mut records, mut values) = found.map_err(|failure| failure.of_read(SITE.operation))?;
        let of_item = |item: &Load| {
            let loaded = item.read(&mut records, &mut values, now);
            loaded.map(|loaded| At::new(now, loaded)).map_err(|failure| failure.of_read(SITE.operation))
        };
        Ok(items.iter().map(of_item).collect())
    }
}

type Found = (StoreTime, IntoIter<Value>, IntoIter<Value>);

impl Loads {
    async fn together(&self, lane: usize, items: &[Load], deadline: Instant) -> Result<Found, Failure> {
        let tag = self.parts.tag(lane);
        let records =
            hmget(&tag.key("state"), items.iter().flat_map(|item| item.fields.iter().map(|field| &field[..])));
        let values = hmget(&tag.key("values"), items.iter().flat_map(Load::value_fields));
        let has_keys = items.iter().any(|item| item.fields.len() > 1);
        let commands = std::iter::once(records).chain(has_keys.then_some(values));
        let (now, found) = self.servers.read_now(tag, commands, deadline).await?;
        let mut found = found.into_iter().map(|found| found.into_sequence().unwrap_or_default().into_iter());
        Ok((now, found.next().unwrap_or_default(), found.next().unwrap_or_default()))
    }

    /// What works while the memory is full.
    async fn by_script(&self, lane: usize, items: &[Load], deadline: Instant) -> Result<Found, Failure> {
        let mut call = Call::new(&LOAD, self.parts.tag(lane), &["state", "values"]);
        call.args.push_number(items.iter().map(|item| item.fields.len() as u64).sum());
        items.iter().flat_map(|item| &item.fields).for_each(|field| call.args.push(field));
        items.iter().flat_map(Load::value_fields).for_each(|field| call.args.push(field));
        let mut reply = Reply::of("session_load", self.servers.run_by(&call, None, deadline).await?)?;
        Ok((reply.time()?, reply.nested()?.rest(), reply.nested()?.rest()))
    }
}

fn hmget<'f>(key: &[u8], fields: impl Iterator<Item = &'f [u8]> + Clone) -> Cmd {
    let bytes: usize = fields.clone().map(<[u8]>::len).sum();
    let mut command = Cmd::with_capacity(fields.clone().count() + 2, bytes + key.len() + 8);
    command.arg("HMGET").arg(key);
    for field in fields {
        command.arg(field);
    }
    command
}

/// A load that slides the deadline: the same, in one script.
pub(super) async fn touch(store: &RedisStore, part: usize, load: Load, touch: Touch) -> StoreResult<At<Loaded>> {
    let life = format!("life:{}", load.kind.code());
    let mut call = Call::new(&TOUCH, store.parts().tag(part), &["state", &life, "values"]);
    call.args.push_number(millis(touch.ttl));
    call.args.push_number(millis(touch.slack));
    load.fields.iter().for_each(|field| call.args.push(field));
    let reply = store.write(SITE.operation, call).await?;
    let read = |reply| {
        let mut reply = Reply::of("session_touch", reply)?;
        let now = reply.time()?;
        let (mut records, mut values) = (reply.nested()?.rest(), reply.nested()?.rest());
        Ok(At::new(now, load.read(&mut records, &mut values, now)?))
    };
    read(reply).map_err(|failure: Failure| failure.of_write(SITE.operation))
}
