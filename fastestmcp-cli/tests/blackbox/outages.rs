//! Running tasks while their store does not answer, or while their node stands still (contract T5, T6).
//!
//! `FASTESTMCP_ROUNDS` says how often each outage is repeated; once unless told otherwise.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastestmcp_test_servers::{Postgres, Redis};
use serde_json::{Value, json};

use crate::support::{Client, Client2026, Http, Server, SmallDisk, Store, times, until};

const LEASE: Duration = Duration::from_secs(3);
/// Three leases of a second each.
const STILL: Duration = Duration::from_millis(3_100);
const EACH: u64 = 4;

fn rounds() -> u64 {
    times("FASTESTMCP_ROUNDS", 1)
}

/// Lets tasks run through outages of a store.
type Test = fn(&Arc<Store>, &dyn Fn(Duration));

/// What was seen of tasks of both kinds that ran through an outage, again and again.
struct Seen {
    countdowns: Vec<Value>,
    charges: Vec<Value>,
    /// How often each was started.
    starts: BTreeMap<String, u64>,
    /// Charges that were begun and finished.
    charged: Value,
    /// How often a node found that its store does not answer.
    noticed: u64,
}

fn run_through(store: &Arc<Store>, nodes: usize, away: Duration, outage: &dyn Fn(Duration)) -> Seen {
    let nodes: Vec<_> = (0..nodes).map(|_| Server::logging(store, &[("RUST_LOG", "info")])).collect();
    let mut client = Client2026::new(Http::round(nodes.clone()));
    let (mut countdowns, mut charges) = (Vec::new(), Vec::new());
    // Longer than what comes before the outage and the outage together.
    let steps = 17 + u64::try_from(away.as_millis()).unwrap() / 100;
    for round in 0..rounds() {
        let counting: Vec<_> =
            (0..EACH).map(|_| client.start("countdown", json!({ "from": steps, "step_ms": 100 }))).collect();
        // Every other one ends while the store is out of reach.
        let lasts = |index| if index % 2 == 0 { steps * 100 } else { 1_500 };
        let charging: Vec<_> =
            (0..EACH).map(|index| client.start("charge", json!({ "amount": 1, "ms": lasts(index) }))).collect();
        until("charges that have begun", || (charged(&mut client)["started"] == (round + 1) * EACH).then_some(()));
        // At another moment of a lease each time.
        thread::sleep(Duration::from_millis(300 + round * 137 % 700));
        outage(away);
        countdowns.extend(counting.iter().map(|id| end(&mut client, id)));
        charges.extend(charging.iter().map(|id| end(&mut client, id)));
    }
    let charged = charged(&mut client);
    let stopped = nodes.iter().flat_map(|node| {
        node.stop();
        node.rest_of_log()
    });
    let log: Vec<_> = stopped.collect();
    assert!(!log.iter().any(|line| line.contains("panicked")), "{log:#?}");
    let noticed = log.iter().filter(|line| line.contains("the store does not answer")).count() as u64;
    let mut starts = BTreeMap::new();
    for line in log.iter().filter(|line| line.contains("a task starts")) {
        let (_, task) = line.split_once("task=").unwrap();
        *starts.entry(task.split(' ').next().unwrap().to_owned()).or_default() += 1;
    }
    Seen { countdowns, charges, starts, charged, noticed }
}

fn end(client: &mut Client2026<Http>, id: &str) -> Value {
    until("the end", || {
        let task = client.try_request("tasks/get", json!({ "taskId": id })).ok()?.message["result"].clone();
        (task.is_object() && task["status"] != "working").then_some(task)
    })
}

fn charged(client: &mut Client2026<Http>) -> Value {
    client.call("charges", json!({})).structured().clone()
}

/// Out of reach for six tenths of a lease: every task completes and none is started twice.
fn survives(store: &Arc<Store>, outage: &dyn Fn(Duration)) {
    run_through(store, 1, LEASE.mul_f64(0.6), outage).assert_all_completed_at_once();
}

impl Seen {
    fn assert_all_completed_at_once(&self) {
        for (ends, text) in [(&self.countdowns, "liftoff"), (&self.charges, "charged 1")] {
            for end in ends {
                assert_eq!(end["result"]["content"][0]["text"], text, "{end}");
            }
        }
        let tasks = 2 * rounds() * EACH;
        assert_eq!(self.charged, json!({ "started": tasks / 2, "finished": tasks / 2 }));
        assert_eq!(self.starts.len() as u64, tasks);
        assert!(self.starts.values().all(|starts| *starts == 1), "some were started again: {:?}", self.starts);
        eprintln!("{} outages, {tasks} tasks, none restarted", rounds());
    }
}

/// Out of reach for almost a lease, and another node may be the first to find leases that have ended: what may rerun
/// restarts at most once and completes, the rest ends honestly.
fn restarts_at_most_once(store: &Arc<Store>, outage: &dyn Fn(Duration)) {
    let seen = run_through(store, 2, LEASE.mul_f64(0.95), outage);
    for end in &seen.countdowns {
        assert_eq!(end["result"]["content"][0]["text"], "liftoff", "{end}");
    }
    let (whole, lost): (Vec<_>, Vec<_>) =
        seen.charges.iter().partition(|end| end["result"]["content"][0]["text"] == "charged 1");
    for end in &lost {
        assert_eq!(end["error"]["data"]["reason"], "worker lost", "{end}");
    }
    let tasks = 2 * rounds() * EACH;
    let finished = seen.charged["finished"].as_u64().unwrap();
    assert_eq!(seen.charged["started"], tasks / 2, "a charge never runs again");
    assert!(finished >= whole.len() as u64, "{finished} finished, {} ended well", whole.len());
    assert_eq!(seen.starts.len() as u64, tasks);
    assert!(seen.starts.values().all(|starts| *starts <= 2), "some were started too often: {:?}", seen.starts);
    let restarted = seen.starts.values().filter(|starts| **starts == 2).count();
    eprintln!("{} outages, {tasks} tasks, {restarted} restarted, {} lost", rounds(), lost.len());
}

/// A server stopped, and started again that long after.
fn stopped_for(away: Duration, stop: impl FnOnce(), start_again: impl FnOnce()) {
    let began = Instant::now();
    stop();
    thread::sleep(away.saturating_sub(began.elapsed()));
    start_again();
}

fn redis_stops(test: Test) {
    let redis = Redis::start().unwrap();
    test(&Store::at(redis.url(), "3s"), &|away| {
        stopped_for(away, || redis.stop().unwrap(), || redis.start_again().unwrap());
    });
}

fn postgres_stops(test: Test) {
    let postgres = Postgres::start().unwrap();
    test(&Store::at(postgres.url(), "3s"), &|away| {
        stopped_for(away, || postgres.stop().unwrap(), || postgres.start_again().unwrap());
    });
}

/// Another program does something with the SQLite file.
fn sqlite_shell(file: &str, program: &str, argument: &str) {
    let done = Command::new("python3").args(["-c", program, file, argument]).stdin(Stdio::null()).status();
    assert!(done.expect("python3").success());
}

fn sqlite_is_locked(test: Test) {
    const LOCK: &str = "import sqlite3, sys, time\n\
        file = sqlite3.connect(sys.argv[1], timeout=5, isolation_level=None)\n\
        file.execute('BEGIN EXCLUSIVE')\n\
        time.sleep(float(sys.argv[2]))\n\
        file.execute('ROLLBACK')\n";
    let store = Store::with_lease("3s");
    test(&store, &|away| sqlite_shell(store.path(), LOCK, &away.as_secs_f64().to_string()));
}

#[test]
fn redis_is_away() {
    redis_stops(survives);
}

#[test]
fn redis_is_away_for_almost_a_lease() {
    redis_stops(restarts_at_most_once);
}

#[test]
fn redis_has_no_memory_left() {
    let redis = Redis::start().unwrap();
    survives(&Store::at(redis.url(), "3s"), &|away| {
        redis.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
        thread::sleep(away);
        redis.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    });
}

#[test]
fn postgres_is_away() {
    postgres_stops(survives);
}

#[test]
fn postgres_is_away_for_almost_a_lease() {
    postgres_stops(restarts_at_most_once);
}

#[test]
fn another_program_locks_the_sqlite_file() {
    sqlite_is_locked(survives);
}

#[test]
fn another_program_locks_the_sqlite_file_for_almost_a_lease() {
    sqlite_is_locked(restarts_at_most_once);
}

#[test]
fn the_disk_of_the_sqlite_file_is_full() {
    // A log that has been moved into the file has room for writes which a full disk does not refuse.
    const CUT: &str = "import sqlite3, sys\n\
        file = sqlite3.connect(sys.argv[1], timeout=5, isolation_level=None)\n\
        assert file.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()[0] == 0\n";
    let disk = SmallDisk::new();
    let url = format!("sqlite:{}", disk.path().join("state.db").display());
    let store = Store::at(&url, "3s");
    let seen = run_through(&store, 1, LEASE.mul_f64(0.6), &|away| {
        sqlite_shell(store.path(), CUT, "");
        disk.fill();
        thread::sleep(away);
        disk.clear();
    });
    seen.assert_all_completed_at_once();
    assert!(seen.noticed >= rounds(), "its disk was never full: {} of {} times", seen.noticed, rounds());
}

/// Stopped for three leases and more, on each engine: the only node goes on with what it runs.
fn stands_still(store: &Arc<Store>) {
    let server = Server::logging(store, &[("RUST_LOG", "info")]);
    let mut client = Client2026::new(Http::to(&server));
    let mut tasks = 0;
    for round in 0..rounds() {
        let counts: Vec<_> =
            (0..EACH).map(|_| client.start("countdown", json!({ "from": 25, "step_ms": 100 }))).collect();
        let charges: Vec<_> = (0..EACH).map(|_| client.start("charge", json!({ "amount": 1, "ms": 2_500 }))).collect();
        tasks += 2 * EACH;
        until("charges that have begun", || (charged(&mut client)["started"] == (round + 1) * EACH).then_some(()));
        thread::sleep(Duration::from_millis(100 + round * 137 % 400));
        server.with(|process| process.pause());
        thread::sleep(STILL);
        server.with(|process| process.resume());
        for (ids, end) in [(&counts, "liftoff"), (&charges, "charged 1")] {
            for id in ids {
                let ended = until("the end", || Some(client.task(id)).filter(|task| task["status"] != "working"));
                assert_eq!(ended["result"]["content"][0]["text"], end, "round {round}: {ended}");
            }
        }
    }
    server.stop();
    let log = server.rest_of_log();
    let starts = log.iter().filter(|line| line.contains("a task starts")).count() as u64;
    assert_eq!(starts, tasks, "some were started again: {log:#?}");
    eprintln!("{} stops, {tasks} tasks, {starts} starts", rounds());
}

#[test]
fn the_only_node_stands_still_on_redis() {
    stands_still(&Store::on(crate::support::Engine::Redis));
}

#[test]
fn the_only_node_stands_still_on_postgres() {
    stands_still(&Store::on(crate::support::Engine::Postgres));
}

#[test]
fn the_only_node_stands_still_on_sqlite() {
    stands_still(&Store::on(crate::support::Engine::Sqlite));
}
