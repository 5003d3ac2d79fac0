use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastestmcp_core::backend::{Backend, SweepBudget};
use fastestmcp_core::ids::digest;
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, SessionStateStore,
};
use fastestmcp_core::time::ManualClock;
use fastestmcp_store_memory::{MemoryConfig, MemoryStore};

use crate::measure::{ROUNDS, median};
use crate::payload::bytes_of;
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;

const SESSIONS: usize = 1_000_000;
const TTL: Duration = Duration::from_secs(900);

/// Resident bytes per session, each case in a process of its own, so that nothing freed before is reused.
pub(crate) fn footprint_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let sessions = if options.quick { SESSIONS / 10 } else { SESSIONS };
    let mut rows = Vec::new();
    for (case, what, most) in [("idle", "idle session", 200.0), ("one-key", "session with one 64 B value", 350.0)] {
        let output =
            Command::new(std::env::current_exe()?).args(["--footprint", case]).arg(sessions.to_string()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let ours = text.trim().parse().map_err(|_| BenchError::wrong(format!("footprint of {case}: {text:?}")))?;
        let name = format!("memory: bytes per {what} at {sessions}");
        rows.push(Row { name, unit: Unit::Bytes, ours, theirs: None, target: Target::AtMost(most) });
    }
    Ok(rows)
}

/// What the process of one footprint case does: the resident bytes that each session adds.
pub(crate) async fn footprint(case: &str, sessions: usize) -> BenchResult<f64> {
    let store = MemoryStore::new();
    let before = resident_bytes()?;
    fill(&store, sessions, case == "one-key").await?;
    let after = resident_bytes()?;
    let count = store.count_scopes(ScopeKind::Session, u64::MAX).await?.value;
    if count != sessions as u64 {
        return Err(BenchError::wrong(format!("{count} sessions")));
    }
    Ok((after - before) / sessions as f64)
}

/// The worst step of a sweep of the default budget while a tenth of the sessions expires; the median of some rounds.
pub(crate) async fn sweep_rows(options: &Options) -> BenchResult<Vec<Row>> {
    let sessions = if options.quick { SESSIONS / 10 } else { SESSIONS };
    let mut worst = Vec::new();
    for _ in 0..ROUNDS {
        worst.push(worst_tick(sessions).await?.as_secs_f64() * 1_000.0);
    }
    let name = format!("memory: worst sweep tick, 10% of {sessions} expire");
    let target = Target::AtMost(1.0);
    Ok(vec![Row { name, unit: Unit::Milliseconds, ours: median(worst), theirs: None, target }])
}

async fn worst_tick(sessions: usize) -> BenchResult<Duration> {
    let clock = Arc::new(ManualClock::default());
    let store = MemoryStore::with_config(MemoryConfig::default().with_clock(clock.clone()));
    fill(&store, sessions / 10, true).await?;
    clock.advance(TTL / 2);
    let early = sessions / 10;
    for i in early..sessions {
        create(&store, i, true).await?;
    }
    clock.advance(TTL / 2);
    let (mut worst, mut removed) = (Duration::ZERO, 0);
    loop {
        let start = Instant::now();
        let swept = store.sweep(SweepBudget::default()).await?;
        worst = worst.max(start.elapsed());
        removed += swept.removed;
        if !swept.more {
            break;
        }
    }
    let left = store.count_scopes(ScopeKind::Session, u64::MAX).await?.value;
    if left != (sessions - early) as u64 || removed != 2 * early as u64 {
        return Err(BenchError::wrong(format!("{left} sessions left, {removed} rows removed")));
    }
    Ok(worst)
}

async fn fill(store: &MemoryStore, sessions: usize, with_key: bool) -> BenchResult<()> {
    for i in 0..sessions {
        create(store, i, with_key).await?;
    }
    Ok(())
}

async fn create(store: &MemoryStore, i: usize, with_key: bool) -> BenchResult<()> {
    let scope = Scope::new(ScopeKind::Session, digest(&[&i.to_le_bytes()]));
    let rule = CommitRule::CreateNew(Lifetime { ttl: TTL, max_life: Some(Duration::from_secs(86_400)) });
    let ops = if with_key { vec![Op::put("visits", bytes_of(i as u64, 64))] } else { Vec::new() };
    match store.commit(CommitRequest::new(scope, rule, ops)).await?.value {
        CommitOutcome::Committed(_) => Ok(()),
        other => Err(BenchError::wrong(format!("session {i}: {other:?}"))),
    }
}

/// The pages of this process that are in memory, times their size.
fn resident_bytes() -> BenchResult<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .ok_or_else(|| BenchError::wrong("no resident size in /proc/self/statm"))?;
    Ok(pages * 4_096.0)
}
