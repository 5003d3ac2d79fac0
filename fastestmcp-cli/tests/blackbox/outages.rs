//! Running tasks while their store does not answer, or while their node stands still (contract T5, T6).
//!
//! `FASTESTMCP_ROUNDS` says how often each outage is repeated; once unless told otherwise.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fastestmcp_test_servers::{Postgres, Redis};
use serde_json::{Value, json};

use crate::support::{Client, Client2026, Http, Server, Store, until};

/// Three leases of a second each.
const STILL: Duration = Duration::from_millis(3_100);
/// Six tenths of a lease of 3 s.
const AWAY: Duration = Duration::from_millis(1_800);
const EACH: u64 = 4;

fn rounds() -> u64 {
    std::env::var("FASTESTMCP_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Lets tasks of both kinds run through an outage, again and again: all of them complete and none is started twice.
fn survives(store: &Arc<Store>, outage: impl Fn()) {
    let server = Server::logging(store, &[("RUST_LOG", "info")]);
    let mut client = Client2026::new(Http::to(&server));
    let mut tasks = 0;
    for round in 0..rounds() {
        let counts: Vec<_> =
            (0..EACH).map(|_| client.start("countdown", json!({ "from": 35, "step_ms": 100 }))).collect();
        let charges: Vec<_> = (0..EACH).map(|_| client.start("charge", json!({ "amount": 1, "ms": 3_500 }))).collect();
        tasks += 2 * EACH;
        until("charges that have begun", || (charged(&mut client)["started"] == (round + 1) * EACH).then_some(()));
        // At another moment of a lease each time.
        thread::sleep(Duration::from_millis(300 + round * 137 % 700));
        outage();
        for (ids, end) in [(&counts, "liftoff"), (&charges, "charged 1")] {
            for id in ids {
                let ended = until("the end", || {
                    let params = json!({ "taskId": id });
                    let task = client.try_request("tasks/get", params).ok()?.message["result"].clone();
                    (task.is_object() && task["status"] != "working").then_some(task)
                });
                assert_eq!(ended["result"]["content"][0]["text"], end, "round {round}: {ended}");
            }
        }
    }
    let expected = json!({ "started": rounds() * EACH, "finished": rounds() * EACH });
    assert_eq!(charged(&mut client), expected);
    server.stop();
    let log = server.rest_of_log();
    let starts = log.iter().filter(|line| line.contains("a task starts")).count() as u64;
    assert_eq!(starts, tasks, "some were started again: {log:#?}");
    assert!(!log.iter().any(|line| line.contains("panicked")), "{log:#?}");
    eprintln!("{} outages, {tasks} tasks, {starts} starts", rounds());
}

fn charged(client: &mut Client2026<Http>) -> Value {
    client.call("charges", json!({})).structured().clone()
}

#[test]
fn redis_is_away() {
    let redis = Redis::start().unwrap();
    survives(&Store::at(redis.url(), "3s"), || {
        redis.stop().unwrap();
        thread::sleep(AWAY);
        redis.start_again().unwrap();
    });
}

#[test]
fn redis_has_no_memory_left() {
    let redis = Redis::start().unwrap();
    survives(&Store::at(redis.url(), "3s"), || {
        redis.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
        thread::sleep(AWAY);
        redis.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    });
}

#[test]
fn postgres_is_away() {
    let postgres = Postgres::start().unwrap();
    survives(&Store::at(postgres.url(), "3s"), || {
        postgres.stop().unwrap();
        thread::sleep(AWAY);
        postgres.start_again().unwrap();
    });
}

#[test]
fn another_program_locks_the_sqlite_file() {
    const LOCK: &str = "import sqlite3, sys, time\n\
        file = sqlite3.connect(sys.argv[1], timeout=5, isolation_level=None)\n\
        file.execute('BEGIN EXCLUSIVE')\n\
        time.sleep(float(sys.argv[2]))\n\
        file.execute('ROLLBACK')\n";
    let store = Store::with_lease("3s");
    survives(&store, || {
        let file = store.path();
        let away = AWAY.as_secs_f64().to_string();
        let locked = Command::new("python3").args(["-c", LOCK]).arg(file).arg(away).stdin(Stdio::null()).status();
        assert!(locked.expect("python3").success());
    });
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
