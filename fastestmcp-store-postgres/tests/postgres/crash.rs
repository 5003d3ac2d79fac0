//! A server that answers before its log is on disk, and crashes.

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::event::{EventLog, Keep};
use fastestmcp_core::ids::{Namespace, TaskId};
use fastestmcp_core::principal::Owner;
use fastestmcp_core::task::{ClaimRequest, NewTask, TaskBackend};
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use fastestmcp_test_servers::Postgres;

use crate::place::{Place, read, write};
use crate::promotion::version;

/// The offset of an event, and the token of a lease.
async fn numbers(store: &PostgresStore, id: &str) -> (u64, u64) {
    let keep = Keep::new(10, Duration::from_secs(600));
    let range = store.append("topic", vec![Bytes::from_static(b"event")], keep).await.unwrap().value;
    let (id, bytes) = (TaskId::new(id), Bytes::from_static(b"{}"));
    store.insert(NewTask::new(id.clone(), Owner::new("o"), "q", bytes.clone(), bytes)).await.unwrap();
    let claim = ClaimRequest::new(vec!["q".to_owned()], "w", 1, Duration::from_secs(60));
    let task = store.claim(claim).await.unwrap().value.tasks.remove(0);
    (range.start.0, task.head.lease.unwrap().token.0)
}

async fn no_number_returns_after(crash: impl Fn(&Postgres)) {
    // Nothing is written by the way.
    let lazy = Postgres::settings().set("synchronous_commit", "off").set("wal_writer_delay", "10s");
    let server = lazy.set("wal_writer_flush_after", "1GB").start().unwrap();
    let store = PostgresStore::open(server.url()).await.unwrap();
    version(&store, "before").await;
    server.psql("CHECKPOINT").unwrap();
    let mut given = 0;
    for number in 0..100 {
        given = given.max(version(&store, &number.to_string()).await);
    }
    let (offset, token) = numbers(&store, "lost").await;
    crash(&server);
    assert_eq!(server.psql("SELECT count(*) FROM fastestmcp.task").unwrap(), "0", "the crash lost something");
    let drawn = version(&store, "after").await;
    assert!(drawn > given.max(token), "{drawn} was given away before: up to {given} and {token}");
    let (later_offset, later_token) = numbers(&store, "kept").await;
    assert!(later_token > token, "{later_token} fences nothing: {token} was given away");
    // Also if the clock went back by half an hour with the crash.
    assert!(later_offset > offset + 1_800_000_000, "{later_offset} is too near to {offset}");
    // And once more: what the first crash made it leap is not undone by the second.
    crash(&server);
    let again = version(&store, "again").await;
    assert!(again > later_token, "{again} was given away before: up to {later_token}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_what_it_acknowledged_repeats_no_number() {
    no_number_returns_after(|server| server.kill().and_then(|()| server.start_again()).unwrap()).await;
}

/// The server goes on under its old id: only its processes are new.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_one_of_whose_processes_was_killed_repeats_no_number() {
    let one = "SELECT pid FROM pg_stat_activity WHERE application_name = 'fastestmcp' ORDER BY pid LIMIT 1";
    no_number_returns_after(|server| server.crash_process(&server.psql(one).unwrap()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_whose_number_was_lost_and_given_to_another_shows_nothing_of_it() {
    let place = Place::new();
    let named = |name: &str, application: &str| {
        let url = format!("{}?application_name={application}", place.server.url());
        PostgresConfig::from_url(&url).unwrap().schema(&place.schema).namespace(Namespace::new(name).unwrap())
    };
    let ours = PostgresStore::open_with(named("ours", "loses")).await.unwrap();
    write(&ours, "s", "ours").await;
    // As on a server that took over before it heard of the namespace.
    place.psql("DELETE FROM {schema}.namespace; ALTER SEQUENCE {schema}.namespace_id_seq RESTART");
    place.terminate("loses");
    let lost = place.psql("SELECT DISTINCT ns FROM {schema}.scope");
    place.psql(&format!("ALTER SEQUENCE {{schema}}.namespace_id_seq RESTART WITH {lost}"));
    let theirs = PostgresStore::open_with(named("theirs", "finds")).await.unwrap();
    write(&theirs, "s", "theirs").await;
    let mut found = Vec::new();
    for _ in 0..3 {
        found.push(fastestmcp_core::session::SessionStateStoreExt::get(&ours, &crate::place::scope("s"), "key").await);
    }
    assert!(found.iter().all(Result::is_err), "{found:?}");
    // One that nobody else has is its own again.
    place.psql("DELETE FROM {schema}.namespace");
    write(&ours, "s", "ours").await;
    assert_eq!(read(&ours, "s").await.as_deref(), Some("ours"));
}
