use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::{At, BatchExecutor, Site};
use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use fastestmcp_core::limits::Limits;
use fastestmcp_core::session::{Loaded, Scope, ScopeInfo, ScopeKind, Touch};
use fastestmcp_core::time::{StoreTime, millis};
use parking_lot::Mutex;
use redis::{Cmd, Value};
use tokio::time::Instant;

use super::record::{StoredEntry, StoredScope};
use super::{PRELUDE, scope_place, too_large};
use crate::call::Call;
use crate::error::{BACKEND, Failure};
use crate::parts::Parts;
use crate::reply::{Reply, bytes};
use crate::rounds::{Answered, in_rounds};
use crate::script::{Access, Script};
use crate::store::{RedisStore, Servers};

/// It puts records in the place of others of their size, and goes on when memory is full like all that only loads.
static TOUCH: LazyLock<Script> =
    LazyLock::new(|| script(Access::Free, include_str!("../../scripts/session_touch.lua")));

static LOAD: LazyLock<Script> = LazyLock::new(|| script(Access::Read, include_str!("../../scripts/session_load.lua")));

fn script(access: Access, source: &str) -> Script {
    Script::with(access, &[PRELUDE, include_str!("../../scripts/session_values.lua")].concat(), source)
}

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

    /// What a script answered: records and values, or how many bytes they would be, or nothing.
    fn answered(&self, mut reply: Reply, now: StoreTime) -> Result<Answered<At<Loaded>>, Failure> {
        if reply.is_empty() {
            return Ok(None);
        }
        let records = match reply.value()? {
            Value::Int(bytes) => return Ok(Some(Err(too_large(SITE, u64::try_from(bytes).unwrap_or(u64::MAX))))),
            records => Reply::of("session_load", records)?,
        };
        let (mut records, mut values) = (records.rest(), reply.nested()?.rest());
        let loaded = self.read(&mut records, &mut values, now);
        Ok(Some(loaded.map(|loaded| At::new(now, loaded)).map_err(|failure| failure.of_read(SITE.operation))))
    }
}

/// The size of the largest value that was ever put, and when that was heard; nothing where it is not known.
type Largest = Option<(u64, Instant)>;

/// How long what is known of the sizes of values holds: others may put larger ones.
const HOLDS: Duration = Duration::from_secs(1);

/// Loads of many callers as one read, in one of two ways.
///
/// Where even the largest values make no reply that is too large, no script: values would be copied twice. The clock and
/// the fields are read in one transaction, because a time read before or after them could be one at which what was read
/// was never true: a scope that a touch extended in between would be reported gone, or a key as live beside a write that
/// found it expired.
///
/// Elsewhere a script, which looks at sizes first; and while the memory is full, when no command of a transaction is
/// queued.
pub(super) struct Loads {
    servers: Arc<Servers>,
    parts: Arc<Parts>,
    /// The largest value that was ever put into each part, and when that was heard.
    largest: Box<[Mutex<Largest>]>,
}

#[async_trait]
impl BatchExecutor for Loads {
    type Item = Load;
    type Answer = At<Loaded>;
    const SITE: Site = SITE;
    const WRITES: bool = false;

    fn bytes(&self, item: &Load) -> usize {
        item.fields.iter().map(Vec::len).sum()
    }

    async fn execute(
        &self,
        lane: usize,
        items: &[Load],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<Self::Answer>>> {
        if self.is_small(lane, items) {
            match self.together(lane, items, deadline).await {
                Err(failure) if failure.kind() == StoreErrorKind::StorageFull => {}
                answers => return answers.map_err(|failure| failure.of_read(SITE.operation)),
            }
        }
        in_rounds(items, |items| self.by_script(lane, items, deadline), |failure| failure.of_read(SITE.operation)).await
    }
}

impl Loads {
    pub(super) fn new(servers: &Arc<Servers>, parts: &Arc<Parts>) -> Self {
        let largest = (0..parts.count()).map(|_| Mutex::default()).collect();
        Self { servers: servers.clone(), parts: parts.clone(), largest }
    }

    /// Whether no reply to these can be too large.
    fn is_small(&self, lane: usize, items: &[Load]) -> bool {
        let limits = Limits::default();
        let known = self.largest[lane % self.largest.len()].lock().filter(|(_, heard)| heard.elapsed() < HOLDS);
        let largest = known.map_or(limits.max_value_bytes as u64, |(largest, _)| largest);
        let values: u64 = items.iter().map(|item| item.fields.len() as u64 - 1).sum();
        values.saturating_mul(largest) <= limits.max_batch_bytes as u64
    }

    fn hear(&self, lane: usize, largest: Value) -> Result<(), Failure> {
        let largest = bytes("HMGET", largest)?.and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok());
        *self.largest[lane % self.largest.len()].lock() = largest.map(|largest| (largest, Instant::now()));
        Ok(())
    }

    async fn together(
        &self,
        lane: usize,
        items: &[Load],
        deadline: Instant,
    ) -> Result<Vec<StoreResult<At<Loaded>>>, Failure> {
        let tag = self.parts.tag(lane);
        let fields = items.iter().flat_map(|item| item.fields.iter().map(|field| &field[..]));
        let records = hmget(&tag.key("state"), std::iter::once(LARGEST).chain(fields));
        let values = hmget(&tag.key("values"), items.iter().flat_map(Load::value_fields));
        let has_keys = items.iter().any(|item| item.fields.len() > 1);
        let commands = std::iter::once(records).chain(has_keys.then_some(values));
        let (now, found) = self.servers.read_now(tag, commands, deadline).await?;
        let mut found = found.into_iter().map(|found| found.into_sequence().unwrap_or_default().into_iter());
        let (mut records, mut values) = (found.next().unwrap_or_default(), found.next().unwrap_or_default());
        self.hear(lane, records.next().ok_or(Failure::Reply("HMGET"))?)?;
        let of_item = |item: &Load| {
            let loaded = item.read(&mut records, &mut values, now);
            loaded.map(|loaded| At::new(now, loaded)).map_err(|failure| failure.of_read(SITE.operation))
        };
        Ok(items.iter().map(of_item).collect())
    }

    async fn by_script(
        &self,
        lane: usize,
        items: Vec<&Load>,
        deadline: Instant,
    ) -> Result<Vec<Answered<At<Loaded>>>, Failure> {
        let mut call = Call::new(&LOAD, self.parts.tag(lane), &["state", "values"]);
        for item in &items {
            call.args.push_number(item.fields.len() as u64);
            item.fields.iter().for_each(|field| call.args.push(field));
        }
        let mut reply = Reply::of("session_load", self.servers.run_by(&call, None, deadline).await?)?;
        let now = reply.time()?;
        self.hear(lane, reply.value()?)?;
        items.into_iter().map(|item| item.answered(reply.nested()?, now)).collect()
    }
}

/// The field of the state under which the size of the largest value is.
const LARGEST: &[u8] = b"m";

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
    let mut call = Call::new(&TOUCH, store.parts().tag(part), &["state", "values", &life]);
    call.args.push_number(millis(touch.ttl));
    call.args.push_number(millis(touch.slack));
    load.fields.iter().for_each(|field| call.args.push(field));
    let reply = store.write(SITE.operation, call).await?;
    let read = |reply| {
        let mut reply = Reply::of("session_touch", reply)?;
        let now = reply.time()?;
        load.answered(reply.nested()?, now)
    };
    let answered = read(reply).map_err(|failure: Failure| failure.of_write(SITE.operation))?;
    answered.unwrap_or_else(|| Err(Failure::Reply("session_touch").of_write(SITE.operation)))
}
