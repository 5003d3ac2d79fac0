use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use bytes::BufMut;
use fastestmcp_core::backend::{At, BatchExecutor, Site};
use fastestmcp_core::error::{StoreErrorKind, StoreResult};
use fastestmcp_core::session::{
    Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Op, ScopeKind, Version,
};
use fastestmcp_core::time::{StoreTime, millis};
use redis::Value;
use tokio::time::Instant;

use super::record::StoredEntry;
use super::{PRELUDE, scope_place, too_large};
use crate::call::{Args, Call};
use crate::error::{BACKEND, Failure};
use crate::parts::{Parts, Place};
use crate::reply::Reply;
use crate::rounds::{Answered, in_rounds};
use crate::script::{Access, LINEAGE, Script};
use crate::store::Servers;

static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    let shared = [LINEAGE, PRELUDE].concat();
    Script::with(Access::Write, &shared, include_str!("../../scripts/session_commit.lua"))
});

const KEYS: &[&str] = &["state", "keys", "scopes", "life:0", "life:1", "life:2", "due", "graves", "values"];
const SITE: Site = Site { backend: BACKEND, operation: "commit" };
/// What an operation adds to a run beside its value, so that a run has at most some thousand.
const BYTES_PER_OPERATION: usize = 256;

/// Commits of many callers as one script run.
pub(super) struct Commits {
    pub(super) servers: Arc<Servers>,
    pub(super) parts: Arc<Parts>,
}

#[async_trait]
impl BatchExecutor for Commits {
    type Item = CommitRequest;
    type Answer = At<CommitOutcome>;
    const SITE: Site = SITE;
    const WRITES: bool = true;

    fn bytes(&self, item: &CommitRequest) -> usize {
        let values = item.ops.iter().map(|op| if let Op::Put { value, .. } = op { value.len() } else { 0 });
        values.map(|value| value + BYTES_PER_OPERATION).sum::<usize>() + BYTES_PER_OPERATION
    }

    async fn ready(&self, lane: usize) -> StoreResult<()> {
        let reached = self.servers.reach(self.parts.tag(lane).slot()).await;
        reached.map(drop).map_err(|failure| failure.of_write(SITE.operation))
    }

    async fn execute(
        &self,
        lane: usize,
        items: &[CommitRequest],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<Self::Answer>>> {
        in_rounds(
            items,
            |items| async move {
                let mut call = Call::new(&SCRIPT, self.parts.tag(lane), KEYS);
                Run::default().write(&items, &self.parts, &mut call.args);
                answers(self.servers.run_by(&call, None, deadline).await?, &items)
            },
            |failure| failure.of_write(SITE.operation),
        )
        .await
    }
}

/// The arguments of one run: `scripts/session_commit.lua` says what they are.
#[derive(Default)]
struct Run<'i> {
    places: HashMap<Name<'i>, u16>,
    fields: Vec<Name<'i>>,
    values: Vec<&'i [u8]>,
}

/// A field of the state: of a scope, or of a key in it.
type Name<'i> = (Place, Option<&'i str>);

impl<'i> Run<'i> {
    fn write(mut self, items: &[&'i CommitRequest], parts: &Parts, args: &mut Args) {
        let program = self.program(items, parts);
        args.push_number(self.fields.len() as u64);
        args.push(program);
        for (place, key) in &self.fields {
            match key {
                None => args.push_parts(&[b"s", &place.digest]),
                Some(key) => args.push_parts(&[b"e", &place.digest, key.as_bytes()]),
            }
        }
        for value in &self.values {
            args.push(value);
        }
    }

    fn program(&mut self, items: &[&'i CommitRequest], parts: &Parts) -> Vec<u8> {
        let mut program = Vec::with_capacity(items.len() * 64);
        for item in items {
            let place = scope_place(parts, &item.scope);
            let (rule, ttl, longest) = match item.rule {
                CommitRule::Existing => (0, 0, 0),
                CommitRule::CreateIfMissing(life) => (1, millis(life.ttl), life.max_life.map_or(0, millis)),
                CommitRule::CreateNew(life) => (2, millis(life.ttl), life.max_life.map_or(0, millis)),
            };
            program.put_u16(self.field((place, None)));
            // Only a rule that can make the scope needs its id.
            let makes = rule != 0 || item.scope.kind == ScopeKind::System;
            program.put_u16(if makes { self.value(item.scope.id.as_bytes()) } else { 0 });
            program.put_u8(item.scope.kind.code());
            program.put_u8(rule);
            program.put_uint(ttl, 6);
            program.put_uint(longest, 6);
            program.put_u16(number(item.ops.len()));
            for op in &item.ops {
                let (what, ttl, value) = match op {
                    Op::Put { ttl, value, .. } => (0, ttl.map_or(0, millis), self.value(value)),
                    Op::Delete { .. } => (1, 0, 0),
                    Op::Take { .. } => (2, 0, 0),
                    Op::Check { .. } => (3, 0, 0),
                };
                let (expect, version) = match op.expect() {
                    Expect::Any => (0, 0),
                    Expect::Absent => (1, 0),
                    Expect::Present => (2, 0),
                    Expect::Version(Version(version)) => (3, version),
                };
                program.put_u8(what);
                program.put_u8(expect);
                program.put_uint(version.min(MAX_VERSION), 7);
                program.put_uint(ttl, 6);
                program.put_u16(self.field((place, Some(op.key()))));
                program.put_u16(value);
            }
        }
        program
    }

    /// The place of a field, counted from 1 as Lua does.
    fn field(&mut self, name: Name<'i>) -> u16 {
        let fields = &mut self.fields;
        *self.places.entry(name).or_insert_with(|| {
            fields.push(name);
            number(fields.len())
        })
    }

    fn value(&mut self, value: &'i [u8]) -> u16 {
        self.values.push(value);
        number(self.values.len())
    }
}

/// No version is as high: an expectation above it fails as it should.
const MAX_VERSION: u64 = (1 << 56) - 1;

/// Runs are bounded far below 65,536 of anything.
fn number(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn answers(reply: Value, items: &[&CommitRequest]) -> Result<Vec<Answered<At<CommitOutcome>>>, Failure> {
    let mut reply = Reply::of("session_commit", reply)?;
    let now = reply.time()?;
    items.iter().map(|item| answer(reply.nested()?, item, now)).collect()
}

fn answer(mut reply: Reply, item: &CommitRequest, now: StoreTime) -> Result<Answered<At<CommitOutcome>>, Failure> {
    let outcome = match reply.number()? {
        0 => CommitOutcome::Committed(item.ops.iter().map(|op| applied(&mut reply, op)).collect::<Result<_, _>>()?),
        1 => {
            let index = usize::try_from(reply.number()?).unwrap_or_default();
            let current = entry(reply.value()?)?;
            CommitOutcome::Mismatch { index, current }
        }
        2 => CommitOutcome::ScopeGone,
        3 => CommitOutcome::ScopeExists,
        4 => {
            let damaged = Failure::Corrupt("a scope or an entry").to_string();
            return Ok(Some(Err(SITE.error(StoreErrorKind::Corrupt, damaged))));
        }
        5 => return Ok(Some(Err(too_large(SITE, reply.number()?)))),
        6 => return Ok(None),
        _ => return Err(Failure::Reply("session_commit")),
    };
    Ok(Some(Ok(At::new(now, outcome))))
}

fn applied(reply: &mut Reply, op: &Op) -> Result<Applied, Failure> {
    Ok(match op {
        Op::Put { .. } => Applied::Put(Version(reply.number()?)),
        Op::Delete { .. } => Applied::Deleted(reply.number()? == 1),
        Op::Take { .. } => Applied::Taken(entry(reply.value()?)?),
        Op::Check { .. } => {
            reply.number()?;
            Applied::Checked
        }
    })
}

/// An entry with its value, or nothing.
fn entry(value: Value) -> Result<Option<Entry>, Failure> {
    if value == Value::Nil {
        return Ok(None);
    }
    let mut reply = Reply::of("session_commit", value)?;
    let (Some(record), Some(value)) = (reply.bytes()?, reply.bytes()?) else {
        return Err(Failure::Corrupt("an entry without a value"));
    };
    Ok(Some(StoredEntry::read(record, value)?.entry))
}
