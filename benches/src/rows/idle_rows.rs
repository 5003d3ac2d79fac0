use std::time::Duration;

use tokio::time::sleep;

use crate::caller::{Caller, Era, Work};
use crate::listener::Listener;
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::served::Served;

const CONNECTIONS: usize = 16;
const LISTENERS: usize = 1_000;
/// Until what opening them began has ended.
const SETTLED: Duration = Duration::from_secs(3);

/// What clients cost that do nothing: sessions that are left, and standalone streams on which nothing comes. On SQLite.
pub(crate) async fn rows(options: &Options) -> BenchResult<Vec<Row>> {
    let mut rows = sessions(options).await?;
    rows.extend(listeners(options).await?);
    Ok(rows)
}

async fn served(options: &Options) -> BenchResult<(Served, tempfile::TempDir)> {
    let folder = options.folder()?;
    let store = format!("sqlite:{}", folder.path().join("ours.db").display());
    Ok((Served::start(&std::env::current_exe()?, &["--serve", &store]).await?, folder))
}

async fn sessions(options: &Options) -> BenchResult<Vec<Row>> {
    let sessions = if options.quick { 5_000 } else { 100_000 };
    let (served, _folder) = served(options).await?;
    let open = || Caller::open(served.address, Era::Session, Work::Echo);
    let mut callers = futures_util::future::try_join_all((0..CONNECTIONS).map(|_| open())).await?;
    // Whatever a server has at work, and not of sessions: connections, pages of the store, threads.
    for caller in &mut callers {
        for _ in 0..200 {
            caller.step().await?;
        }
    }
    let before = served.resident()?;
    let opening = callers.into_iter().map(|mut caller| {
        tokio::spawn(async move {
            for _ in 0..sessions / CONNECTIONS {
                caller.initialize().await?;
            }
            Ok::<_, BenchError>(())
        })
    });
    for opened in futures_util::future::join_all(opening).await {
        opened??;
    }
    sleep(SETTLED).await;
    let grown = served.resident()?.saturating_sub(before);
    Ok(vec![Row {
        name: format!("{sessions} idle sessions of 2025, sqlite: memory"),
        unit: Unit::Bytes,
        ours: grown as f64,
        theirs: None,
        target: Target::AtMost(f64::from(10 << 20)),
    }])
}

async fn listeners(options: &Options) -> BenchResult<Vec<Row>> {
    let window = Duration::from_secs(if options.quick { 3 } else { 20 });
    let (served, _folder) = served(options).await?;
    let mut listeners = Vec::new();
    for _ in 0..LISTENERS {
        listeners.push(Listener::open(served.address).await?);
    }
    let mut asking = Caller::open(served.address, Era::Stateless, Work::Echo).await?;
    sleep(SETTLED).await;
    let (reads, used) = (reads_of(&mut asking).await?, served.processor_time()?);
    sleep(window).await;
    let (reads, used) = (reads_of(&mut asking).await? - reads, served.processor_time()? - used);
    let row = |name: &str, unit, ours, target| Row {
        name: format!("{LISTENERS} idle streams on as many topics, sqlite: {name}"),
        unit,
        ours,
        theirs: None,
        target,
    };
    Ok(vec![
        row("reads", Unit::PerSecond, reads as f64 / window.as_secs_f64(), Target::AtMost(2.0)),
        row("processor", Unit::Milliseconds, used.as_secs_f64() * 1e3 / window.as_secs_f64(), Target::Shown),
    ])
}

async fn reads_of(asking: &mut Caller) -> BenchResult<u64> {
    Ok(asking.store_calls().await?.get("events.read").copied().unwrap_or_default())
}
