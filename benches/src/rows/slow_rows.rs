use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::watch;
use tokio::time::{interval, sleep, timeout};

use crate::caller::{Caller, Era, Work};
use crate::measure::{ROUNDS, histogram, percentile, record};
use crate::report::{BenchError, BenchResult, Row, Target, Unit};
use crate::rows::Options;
use crate::served::Served;
use crate::slow::SlowReader;

const READERS: usize = 1_000;
/// How many are opened at once, and how many read on at once at the end.
const AT_ONCE: usize = 50;
/// Between two calls of the publisher.
const PERIOD: Duration = Duration::from_millis(20);
/// Until what opening them began has ended.
const SETTLED: Duration = Duration::from_secs(3);
/// Until everybody has heard of the last change.
const HEARD: Duration = Duration::from_secs(30);

/// What 1,000 subscribers that read a byte a second cost who publishes: a tool that says 50 times a second that a resource has
/// changed, on a server with such readers and on one without subscribers, in turns. The memory is what the server's process
/// takes at most beyond what it took when their streams were open and nothing had come on them.
///
/// Each reader has the least receive buffer that Linux makes (`SO_RCVBUF`) and segments as on Ethernet (`TCP_MAXSEG`), and an
/// event is about 1.2 KB. The first round stands by itself: the sockets fill, and each event is a thousand writes. In those
/// that follow events wait for the readers, and then these have lagged. At the end all read on at full speed: none may have
/// been sent all there was (it would not have been slow), and each must hear of one more change.
pub(crate) async fn rows(options: &Options) -> BenchResult<Vec<Row>> {
    let mut rows = rows_on("memory", "memory:", options).await?;
    let folder = options.folder()?;
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    rows.extend(rows_on("sqlite", &file("ours.db"), options).await?);
    Ok(rows)
}

async fn rows_on(backend: &str, store: &str, options: &Options) -> BenchResult<Vec<Row>> {
    let window = Duration::from_secs(if options.quick { 3 } else { 10 });
    let mut with = Side::start(store).await?;
    let mut without = Side::start(&store.replace("ours.db", "other.db")).await?;
    // A round of each that counts for nothing.
    with.publish(window).await?;
    let (_, _, used_without) = without.publish(window).await?;
    let (before, mut most) = (with.served.resident()?, 0);
    let readers = open_readers(&with).await?;
    sleep(SETTLED).await;
    let idle = with.served.resident()?;
    let (stop, stopped) = watch::channel(false);
    let reading: Vec<_> = readers
        .into_iter()
        .map(|mut reader| {
            let stopped = stopped.clone();
            tokio::spawn(async move {
                let cuts = reader.read_slowly(stopped).await?;
                Ok::<_, BenchError>((reader, cuts))
            })
        })
        .collect();
    without.took = histogram();
    let (mut filling, mut waiting, mut published) = (None, histogram(), 0);
    for round in 0..ROUNDS {
        if round % 2 == 1 {
            without.publish(window).await?;
        }
        with.took = histogram();
        let (calls, resident, used) = with.publish(window).await?;
        published += calls;
        most = most.max(resident);
        match filling {
            None => filling = Some((with.took.clone(), used)),
            Some(_) => waiting.add(&with.took).map_err(BenchError::wrong)?,
        }
        if round % 2 == 0 {
            without.publish(window).await?;
        }
    }
    let (filling, used) = filling.unwrap_or_else(|| (histogram(), f64::NAN));
    // They have it already if they are gone.
    let _ = stop.send(true);
    let (mut readers, mut cut) = (Vec::new(), 0);
    for task in reading {
        let (reader, cuts) = task.await??;
        cut += cuts;
        readers.push(reader);
    }
    caught_up(readers, published, &mut with.publisher).await?;
    let name = |what: &str| format!("{READERS} readers of 1 byte/s, {backend}: {what}");
    let row = |what: &str, unit, ours, theirs, target| Row { name: name(what), unit, ours, theirs, target };
    let publish = |what: &str, with: &Histogram<u64>, percent, target| {
        let (with, without) = (percentile(with, percent), percentile(&without.took, percent));
        row(what, Unit::Milliseconds, with, Some(without), target)
    };
    Ok(vec![
        publish("p99 at first", &filling, 99.0, Target::RatioAtMost(2.0)),
        publish("p50 at first", &filling, 50.0, Target::Shown),
        publish("p99 later", &waiting, 99.0, Target::RatioAtMost(2.0)),
        publish("p50 later", &waiting, 50.0, Target::Shown),
        row("processor per event", Unit::Microseconds, used, Some(used_without), Target::Shown),
        row("memory", Unit::Bytes, most.saturating_sub(idle) as f64, None, Target::AtMost(f64::from(64 << 20))),
        row("memory, at rest", Unit::Bytes, idle.saturating_sub(before) as f64, None, Target::Shown),
        row("streams cut", Unit::Count, cut as f64, None, Target::Shown),
    ])
}

async fn open_readers(side: &Side) -> BenchResult<Vec<SlowReader>> {
    let mut readers = Vec::new();
    while readers.len() < READERS {
        let opening = (0..AT_ONCE).map(|_| SlowReader::open(side.served.address));
        readers.extend(futures_util::future::try_join_all(opening).await?);
    }
    Ok(readers)
}

/// All read on at full speed, and hear of one more change.
async fn caught_up(readers: Vec<SlowReader>, published: u64, publisher: &mut Caller) -> BenchResult<()> {
    let catching_up = readers.into_iter().map(|mut reader| {
        tokio::spawn(async move {
            let news = reader.catch_up().await?;
            Ok::<_, BenchError>((reader, news))
        })
    });
    let mut hearing = Vec::new();
    for task in catching_up.collect::<Vec<_>>() {
        let (mut reader, news) = task.await??;
        if news as u64 >= published {
            return Err(BenchError::wrong(format!("a reader was not slow: it was sent {news} events of {published}")));
        }
        hearing.push(tokio::spawn(async move { reader.hears().await }));
    }
    publisher.step().await?;
    for task in hearing {
        timeout(HEARD, task).await.map_err(|_| BenchError::wrong("a reader hears no more"))???;
    }
    Ok(())
}

/// A server, and who publishes there.
struct Side {
    served: Served,
    publisher: Caller,
    took: Histogram<u64>,
}

impl Side {
    async fn start(store: &str) -> BenchResult<Self> {
        let served = Served::start(&std::env::current_exe()?, &["--serve", store]).await?;
        let publisher = Caller::open(served.address, Era::Session, Work::Publish).await?;
        Ok(Self { served, publisher, took: histogram() })
    }

    /// Publishes at its rate for a while: how often, the most memory that was seen, and the microseconds of the server's
    /// processor time for each.
    async fn publish(&mut self, window: Duration) -> BenchResult<(u64, u64, f64)> {
        let (start, mut ticks, mut calls, mut most) = (Instant::now(), interval(PERIOD), 0, 0);
        let used = self.served.processor_time()?;
        while start.elapsed() < window {
            ticks.tick().await;
            let called = Instant::now();
            self.publisher.step().await?;
            record(&mut self.took, called.elapsed());
            calls += 1;
            most = most.max(self.served.resident()?);
        }
        let used = self.served.processor_time()? - used;
        Ok((calls, most, used.as_secs_f64() * 1e6 / calls as f64))
    }
}
