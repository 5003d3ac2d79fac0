use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastestmcp_core::backend::{At, BatchExecutor, BatchLimits, Coalescer, Site};
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::session::{Applied, CommitOutcome, CommitRequest, CommitRule, Entry, Expect, Op, Scope, Version};
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use super::{entry, put, scope};
use crate::database::{Database, count, moment, number, span};
use crate::error::{Failure, site};
use crate::lane::lane;
use crate::row::{get, only};
use crate::statement::Statement;

const BATCHES: BatchLimits = BatchLimits { lanes: 2, runs_per_lane: 1, max_items: 128, max_bytes: 1 << 20 };

/// Commits of concurrent callers travel in one call, each with its own outcome. Those to one scope keep to one lane, so
/// that they wait here for each other, not on the server.
#[derive(Debug)]
pub(crate) struct Commits {
    coalescer: Coalescer<Committing>,
    timeout: Duration,
}

impl Commits {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { timeout: database.timeout, coalescer: Coalescer::new(Committing(database), BATCHES) }
    }

    pub(super) async fn submit(&self, request: CommitRequest) -> StoreResult<At<CommitOutcome>> {
        self.coalescer.submit(lane(request.scope.id.as_bytes()), request, self.timeout).await
    }
}

#[derive(Debug)]
struct Committing(Arc<Database>);

#[async_trait]
impl BatchExecutor for Committing {
    type Item = CommitRequest;
    type Answer = At<CommitOutcome>;
    const SITE: Site = site("commit");
    const WRITES: bool = true;

    fn bytes(&self, request: &CommitRequest) -> usize {
        let ops =
            request.ops.iter().map(|op| op.key().len() + if let Op::Put { value, .. } = op { value.len() } else { 0 });
        request.scope.id.len() + ops.sum::<usize>()
    }

    async fn execute(
        &self,
        _lane: usize,
        requests: &[CommitRequest],
        deadline: Instant,
    ) -> StoreResult<Vec<StoreResult<At<CommitOutcome>>>> {
        if let [request] = requests
            && let Some(answer) = put::alone(&self.0, request, deadline).await.transpose()
        {
            return Ok(vec![answer.map_err(|failure| failure.of_write(Self::SITE))]);
        }
        let rows = self.0.carry(statement(&self.0, requests), true, deadline).await;
        let answers = rows.and_then(|rows| Answer::read(only(&rows)?)?.outcomes(requests));
        let answers = answers.map_err(|failure| failure.of_write(Self::SITE))?;
        Ok(answers.into_iter().map(|answer| answer.map_err(|failure| failure.of_write(Self::SITE))).collect())
    }
}

fn statement(database: &Database, requests: &[CommitRequest]) -> Statement {
    let mut earlier: HashMap<&Scope, i32> = HashMap::new();
    let mut commits = Commit::default();
    let mut ops = Ops::default();
    for (number, request) in (1..).zip(requests) {
        let wave = earlier.entry(&request.scope).or_default();
        *wave += 1;
        commits.push(request, *wave);
        request.ops.iter().for_each(|op| ops.push(number, op));
    }
    let last_wave = commits.waves.iter().copied().max().unwrap_or(0);
    let checks = ops.expects.iter().any(|expect| *expect != ANY);
    let writes = ops.verbs.contains(&PUT);
    let removals = ops.verbs.iter().any(|verb| [DELETE, TAKE].contains(verb));
    let statement = database.statement(include_str!("../../sql/session_commit.sql"));
    let statement = ops.bind(commits.bind(statement.bind(database.at()).bind(database.namespace)));
    let statement = statement.bind(last_wave).bind(checks).bind(writes).bind(removals);
    statement.bind(number(database.limits.max_batch_bytes as u64))
}

/// Operations as the function knows them.
const PUT: i16 = 0;
const DELETE: i16 = 1;
const TAKE: i16 = 2;
const CHECK: i16 = 3;
/// The expectation that always holds.
const ANY: i16 = 0;

/// An expectation as our functions know it, with the version that it names.
pub(super) fn expectation(expect: Expect) -> (i16, Option<i64>) {
    match expect {
        Expect::Any => (ANY, None),
        Expect::Absent => (1, None),
        Expect::Present => (2, None),
        Expect::Version(version) => (3, Some(number(version.0))),
    }
}

/// One array per field of a commit.
#[derive(Default)]
struct Commit<'r> {
    kinds: Vec<i16>,
    names: Vec<&'r [u8]>,
    rules: Vec<i16>,
    ttls: Vec<Option<i64>>,
    lives: Vec<Option<i64>>,
    puts: Vec<bool>,
    waves: Vec<i32>,
}

impl<'r> Commit<'r> {
    fn push(&mut self, request: &'r CommitRequest, wave: i32) {
        let (rule, lifetime) = match request.rule {
            CommitRule::Existing => (0, None),
            CommitRule::CreateIfMissing(lifetime) => (1, Some(lifetime)),
            CommitRule::CreateNew(lifetime) => (2, Some(lifetime)),
        };
        self.kinds.push(scope::code(request.scope.kind));
        self.names.push(request.scope.id.as_bytes());
        self.rules.push(rule);
        self.ttls.push(lifetime.map(|lifetime| span(lifetime.ttl)));
        self.lives.push(lifetime.and_then(|lifetime| lifetime.max_life).map(span));
        self.puts.push(request.ops.iter().any(|op| matches!(op, Op::Put { .. })));
        self.waves.push(wave);
    }

    fn bind(self, statement: Statement) -> Statement {
        let Self { kinds, names, rules, ttls, lives, puts, waves } = self;
        statement.bind(kinds).bind(names).bind(rules).bind(ttls).bind(lives).bind(puts).bind(waves)
    }
}

/// One array per field of an operation.
#[derive(Default)]
struct Ops<'r> {
    commits: Vec<i32>,
    verbs: Vec<i16>,
    keys: Vec<&'r [u8]>,
    expects: Vec<i16>,
    versions: Vec<Option<i64>>,
    ttls: Vec<Option<i64>>,
    values: Vec<Option<&'r [u8]>>,
}

impl<'r> Ops<'r> {
    fn push(&mut self, commit: i32, op: &'r Op) {
        let (verb, value, ttl) = match op {
            Op::Put { value, ttl, .. } => (PUT, Some(&value[..]), *ttl),
            Op::Delete { .. } => (DELETE, None, None),
            Op::Take { .. } => (TAKE, None, None),
            Op::Check { .. } => (CHECK, None, None),
        };
        let (expect, version) = expectation(op.expect());
        self.commits.push(commit);
        self.verbs.push(verb);
        self.keys.push(op.key().as_bytes());
        self.expects.push(expect);
        self.versions.push(version);
        self.ttls.push(ttl.map(span));
        self.values.push(value);
    }

    fn bind(self, statement: Statement) -> Statement {
        let Self { commits, verbs, keys, expects, versions, ttls, values } = self;
        statement.bind(commits).bind(verbs).bind(keys).bind(expects).bind(versions).bind(ttls).bind(values)
    }
}

/// What the function answered: operations are numbered from 1 over all commits.
struct Answer {
    now: i64,
    outcomes: Vec<i16>,
    mismatches: Vec<Option<i32>>,
    versions: Vec<Option<i64>>,
    found: HashMap<usize, Found>,
}

/// An entry as it was found; without its value if nobody asked for that.
struct Found {
    version: Version,
    expires: Option<i64>,
    value: Option<Vec<u8>>,
}

impl Answer {
    fn read(row: &PgRow) -> Result<Self, Failure> {
        let ops: Vec<i32> = get::<Option<_>>(row, "found_ops")?.unwrap_or_default();
        let versions: Vec<i64> = get::<Option<_>>(row, "found_versions")?.unwrap_or_default();
        let expires: Vec<Option<i64>> = get::<Option<_>>(row, "found_expires")?.unwrap_or_default();
        let values: Vec<Option<Vec<u8>>> = get::<Option<_>>(row, "found_values")?.unwrap_or_default();
        let found = versions.into_iter().zip(expires).zip(values).map(|((version, expires), value)| Found {
            version: Version(count(version)),
            expires,
            value,
        });
        Ok(Self {
            now: get(row, "moment")?,
            outcomes: get(row, "outcomes")?,
            mismatches: get(row, "mismatches")?,
            versions: get(row, "versions")?,
            found: ops.into_iter().map(|op| usize::try_from(op).unwrap_or(0)).zip(found).collect(),
        })
    }

    fn outcomes(mut self, requests: &[CommitRequest]) -> Result<Vec<Result<At<CommitOutcome>, Failure>>, Failure> {
        let now = moment(self.now);
        let mut first = 1;
        let mut outcomes = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let outcome = match self.outcomes.get(index) {
                Some(0) => {
                    let applied = (first..).zip(&request.ops).map(|(number, op)| self.applied(number, op));
                    applied.collect::<Result<_, _>>().map(CommitOutcome::Committed)
                }
                Some(1) => Ok(CommitOutcome::ScopeGone),
                Some(2) => Ok(CommitOutcome::ScopeExists),
                Some(3) => self.mismatch(index, first),
                Some(4) => Err(Failure::Damaged),
                _ => return Err(Failure::Corrupt("a commit was not answered")),
            };
            first += request.ops.len();
            outcomes.push(outcome.map(|outcome| At::new(now, outcome)));
        }
        Ok(outcomes)
    }

    fn applied(&mut self, number: usize, op: &Op) -> Result<Applied, Failure> {
        Ok(match op {
            Op::Put { .. } => {
                let version = self.versions.get(number - 1).copied().flatten();
                Applied::Put(entry::version(version.ok_or(Failure::Corrupt("a put without a version"))?)?)
            }
            Op::Delete { .. } => Applied::Deleted(self.found.contains_key(&number)),
            Op::Take { .. } => Applied::Taken(self.take(number)?),
            Op::Check { .. } => Applied::Checked,
        })
    }

    fn mismatch(&mut self, index: usize, first: usize) -> Result<CommitOutcome, Failure> {
        let number = self.mismatches.get(index).copied().flatten().and_then(|number| usize::try_from(number).ok());
        let number =
            number.filter(|number| *number >= first).ok_or(Failure::Corrupt("a mismatch without its place"))?;
        Ok(CommitOutcome::Mismatch { index: number - first, current: self.take(number)? })
    }

    fn take(&mut self, number: usize) -> Result<Option<Entry>, Failure> {
        let Some(Found { version, expires, value }) = self.found.remove(&number) else { return Ok(None) };
        let value = Bytes::from(value.ok_or(Failure::Corrupt("an entry without its value"))?);
        Ok(Some(Entry { value, version, expires: expires.map(moment) }))
    }
}
