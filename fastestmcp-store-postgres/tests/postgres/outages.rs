use std::time::{Duration, Instant};

use fastestmcp_conformance::chaos::{ChaosProxy, Cut};
use fastestmcp_core::error::Outcome;
use fastestmcp_core::session::{CommitOutcome, SessionStateStore, SessionStateStoreExt};
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use fastestmcp_test_servers::Postgres;

use crate::place::{Place, put, read, scope, write};

/// A lost connection comes back by itself within this.
const BACK: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_under_load_loses_nothing_it_acknowledged() {
    let server = Postgres::start().unwrap();
    let store = PostgresStore::open(server.url()).await.unwrap();
    for round in 0..3 {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut acknowledged = None;
                    for number in 0_u32.. {
                        match store.commit(put(&format!("{round} {writer}"), &number.to_string())).await {
                            Ok(at) => {
                                assert!(matches!(at.value, CommitOutcome::Committed(_)));
                                acknowledged = Some(number);
                            }
                            Err(error) => {
                                assert!(error.is_retryable(), "{error}");
                                return (acknowledged, number, error.outcome);
                            }
                        }
                    }
                    unreachable!()
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        tokio::task::block_in_place(|| if round == 1 { server.stop() } else { server.kill() }).unwrap();
        let mut ends = Vec::new();
        for writer in writers {
            ends.push(tokio::time::timeout(BACK * 2, writer).await.expect("no call hangs").unwrap());
        }
        tokio::task::block_in_place(|| server.start_again()).unwrap();
        let back = Instant::now();
        while store.get(&scope("any"), "key").await.is_err() {
            assert!(back.elapsed() < BACK, "the store did not come back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for (writer, (acknowledged, failed, outcome)) in ends.into_iter().enumerate() {
            let stored = read(&store, &format!("{round} {writer}")).await.map(|number| number.parse::<u32>().unwrap());
            let unknown = outcome == Outcome::Unknown && stored == Some(failed);
            assert!(stored == acknowledged || unknown, "{stored:?} is stored, {acknowledged:?} was acknowledged");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pulled_cable_costs_no_call_more_than_its_deadline() {
    let place = Place::new();
    let upstream = place.server.url().split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let proxy = ChaosProxy::start(upstream.clone()).unwrap();
    let url = place.server.url().replace(&upstream, &proxy.address().to_string());
    let config = PostgresConfig::from_url(&url).unwrap().schema(&place.schema).timeout(Duration::from_secs(1));
    let store = PostgresStore::open_with(config).await.unwrap();
    write(&store, "s", "v").await;
    proxy.cut(Cut::BlackHole);
    for _ in 0..3 {
        let started = Instant::now();
        let known = scope("s");
        let (read, written) = tokio::join!(store.get(&known, "key"), store.commit(put("s", "lost")));
        assert!(read.unwrap_err().is_retryable() && written.unwrap_err().is_retryable());
        assert!(started.elapsed() < Duration::from_millis(1_500), "{:?}", started.elapsed());
    }
    proxy.heal();
    let back = Instant::now();
    while store.get(&scope("s"), "key").await.is_err() {
        assert!(back.elapsed() < BACK, "the store did not come back");
    }
}
