use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fastestmcp_benches::{HIDDEN, HIDE};
use fastestmcp_core::visibility::HOLDS_WITHIN;
use tokio::time::sleep;

use crate::caller::{Caller, Era, Work};
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::served::Served;

const CALLS: u32 = 1_000;
/// How long the server is watched while nobody calls.
const IDLE: Duration = Duration::from_secs(3);

/// One kind of call.
struct Case {
    name: &'static str,
    era: Era,
    work: Work,
    token: Option<&'static str>,
    /// It has hidden a tool from itself before.
    has_rules: bool,
    /// What the era may ask of the store, and each verb: finding a handle is a load, an update is a load and a commit.
    most: u32,
}

const fn case(name: &'static str, era: Era, work: Work, most: u32) -> Case {
    Case { name, era, work, token: None, has_rules: false, most }
}

impl Case {
    const fn of(mut self, token: &'static str) -> Self {
        self.token = Some(token);
        self
    }

    const fn with_rules(mut self) -> Self {
        self.has_rules = true;
        self
    }

    /// Whether the rules of a principal are asked for, as they are at most each half second.
    fn asks_for_rules(&self) -> bool {
        self.era == Era::Stateless && self.token.is_some()
    }
}

const CASES: [Case; 16] = [
    case("2025", Era::Session, Work::Echo, 1),
    case("2025, get", Era::Session, Work::Get, 2),
    case("2025, set", Era::Session, Work::Put, 2),
    case("2025, update", Era::Session, Work::Update, 3),
    case("2025, rules", Era::Session, Work::Echo, 1).with_rules(),
    case("2025, bearer", Era::Session, Work::Echo, 1).of("ada"),
    case("2025, bearer, update", Era::Session, Work::Update, 3).of("ada"),
    case("2025, bearer, rules", Era::Session, Work::Echo, 1).of("ada").with_rules(),
    case("2026", Era::Stateless, Work::Echo, 0),
    case("2026, handle, update", Era::Stateless, Work::Count, 3),
    case("2026, bearer", Era::Stateless, Work::Echo, 0).of("grace"),
    case("2026, bearer, get", Era::Stateless, Work::Get, 1).of("grace"),
    case("2026, bearer, set", Era::Stateless, Work::Put, 1).of("grace"),
    case("2026, bearer, update", Era::Stateless, Work::Update, 2).of("grace"),
    case("2026, bearer, rules", Era::Stateless, Work::Echo, 0).of("lin").with_rules(),
    case("2026, bearer, rules, update", Era::Stateless, Work::Update, 2).of("lin").with_rules(),
];

/// How often the store is called per `tools/call` over HTTP on `memory:`, all operations of the three seams counted but sweeps,
/// which no call makes. The name of a row says which operations, so many of each per call.
///
/// What the server calls by itself is watched before, while nobody calls, and taken off by the time that the calls took. Who
/// asks for the counts is nobody, of 2026-07-28, which costs the store nothing. Where a principal's rules are remembered for
/// half a second the target has the loads that this comes to, and each has one of what the server calls by itself.
pub(crate) async fn rows() -> BenchResult<Vec<Row>> {
    let served = Served::start(&std::env::current_exe()?, &["--serve", "memory:", "--counted"]).await?;
    let mut asking = Caller::open(served.address, Era::Stateless, Work::Echo).await?;
    let before = asking.store_calls().await?;
    sleep(IDLE).await;
    let idle: BTreeMap<_, _> = added(&before, &asking.store_calls().await?)
        .map(|(operation, calls)| (operation, calls / IDLE.as_secs_f64()))
        .collect();
    let mut rows = vec![Row {
        name: format!("store calls, idle: {}", shown(&idle)),
        unit: Unit::PerSecond,
        ours: idle.values().fold(0.0, |sum, calls| sum + calls),
        theirs: None,
        target: Target::Shown,
    }];
    for case in &CASES {
        rows.push(row_of(case, served.address, &mut asking, &idle).await?);
    }
    Ok(rows)
}

async fn row_of(case: &Case, host: SocketAddr, asking: &mut Caller, idle: &BTreeMap<String, f64>) -> BenchResult<Row> {
    let mut caller = Caller::open_as(host, case.era, case.work, case.token).await?;
    if case.has_rules {
        caller.tool(HIDE).await?;
    }
    caller.step().await?;
    let (before, start) = (asking.store_calls().await?, Instant::now());
    for _ in 0..CALLS {
        caller.step().await?;
    }
    let (after, took) = (asking.store_calls().await?, start.elapsed().as_secs_f64());
    if caller.tool(HIDDEN).await.is_ok() == case.has_rules {
        return Err(BenchError::wrong(format!("{}: what is hidden is not what it hid", case.name)));
    }
    let per_call: BTreeMap<_, _> = added(&before, &after)
        .map(|(operation, calls)| {
            let by_itself = idle.get(&operation).map_or(0.0, |rate| rate * took);
            (operation, (calls - by_itself).max(0.0) / f64::from(CALLS))
        })
        .collect();
    let remembered = if case.asks_for_rules() { took / HOLDS_WITHIN.as_secs_f64() + 1.0 } else { 0.0 };
    // What comes each second or so may come once more than that.
    let by_chance = idle.len() as f64;
    let most = f64::from(case.most) + (remembered + by_chance) / f64::from(CALLS);
    Ok(Row {
        name: format!("store calls, {}: {}", case.name, shown(&per_call)),
        unit: Unit::Count,
        ours: per_call.values().fold(0.0, |sum, calls| sum + calls),
        theirs: None,
        target: Target::AtMost(most),
    })
}

/// How often each operation was called between two counts.
fn added(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> impl Iterator<Item = (String, f64)> {
    after.iter().filter_map(|(operation, calls)| {
        let new = calls - before.get(operation).copied().unwrap_or_default();
        (new > 0).then(|| (operation.clone(), new as f64))
    })
}

/// Which they are, and how many of each.
fn shown(calls: &BTreeMap<String, f64>) -> String {
    let seen = calls.iter().map(|(operation, calls)| (operation, (calls * 100.0).round() / 100.0));
    let each = seen.filter(|(_, calls)| *calls > 0.0).map(|(operation, calls)| format!("{calls} {operation}"));
    each.collect::<Vec<_>>().join(", ")
}
