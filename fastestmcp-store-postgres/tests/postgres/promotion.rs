//! A server that takes over without the newest writes of its predecessor.

use std::path::Path;
use std::process::Command;

use fastestmcp_core::session::{Applied, CommitOutcome, SessionStateStore};
use fastestmcp_store_postgres::PostgresStore;
use fastestmcp_test_servers::Postgres;

use crate::place::put;

pub(crate) async fn version(store: &PostgresStore, id: &str) -> u64 {
    // The first calls after the change of servers may find dead connections.
    let mut tries = 0;
    let done = loop {
        match store.commit(put(id, "value")).await {
            Ok(done) => break done.value,
            Err(error) => assert!(error.is_retryable() && tries < 20, "{error}"),
        }
        tries += 1;
    };
    let CommitOutcome::Committed(applied) = done else { panic!("{done:?}") };
    let [Applied::Put(version)] = applied[..] else { panic!("{applied:?}") };
    version.0
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(done.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_server_repeats_no_number_that_its_predecessor_gave_away() {
    let server = Postgres::start().unwrap();
    let store = PostgresStore::open(server.url()).await.unwrap();
    let before = version(&store, "before").await;
    let data = server.psql("SHOW data_directory").unwrap();
    let (data, standby) = (Path::new(&data), Path::new(&data).with_extension("standby"));
    // The standby has got this far when the link to it breaks.
    server.stop().unwrap();
    copy(data, &standby);
    server.start_again().unwrap();
    let mut lost = Vec::new();
    for number in 0..100 {
        lost.push(version(&store, &number.to_string()).await);
    }
    server.kill().unwrap();
    std::fs::rename(data, data.with_extension("dead")).unwrap();
    std::fs::write(standby.join("standby.signal"), "").unwrap();
    std::fs::rename(&standby, data).unwrap();
    server.start_again().unwrap();
    assert_eq!(server.psql("SELECT pg_promote()").unwrap(), "t");
    let highest = lost.iter().copied().max().unwrap();
    assert!(highest < before + 10_000_000, "seconds have passed, not the margin of the clock");
    for number in 0..100 {
        let drawn = version(&store, &number.to_string()).await;
        assert!(drawn > highest, "{drawn} was given away before: {before} to {highest}");
    }
}
