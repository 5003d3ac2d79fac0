use std::time::Duration;

use fastestmcp_conformance::storm::{Storm, Terms};
use fastestmcp_test_servers::{Redis, RedisCluster, ServerError};

use crate::node::{TIMEOUT, two};

const TIMES: usize = 20;
/// How long a store may take to come back after its server has.
const BACK: Duration = Duration::from_secs(5);

/// Restarts a server under load; nothing that was acknowledged may be lost.
async fn under_load(url: &str, mut restart: impl FnMut(usize) -> Result<(), ServerError>) {
    let storm = Storm::start(two(url).await, Terms { deadline: TIMEOUT, keeps: true });
    let mut longest = Duration::ZERO;
    storm.all_succeed(BACK).await.unwrap();
    for round in 0..TIMES {
        tokio::task::block_in_place(|| restart(round)).unwrap();
        longest = longest.max(storm.all_succeed(BACK).await.unwrap());
        assert!(!storm.has_violations(), "{:#?}", storm.end().await);
    }
    let report = storm.end().await;
    eprintln!("{TIMES} times: back within {longest:?}, {report:?}");
    assert!(report.violations.is_empty(), "{report:#?}");
    assert!(report.answered > 1_000 && report.not_applied + report.unknown > 0, "no load: {report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_orderly_restarts_lose_nothing() {
    let redis = Redis::start().unwrap();
    under_load(redis.url(), |_| redis.restart()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_nothing() {
    let redis = Redis::start().unwrap();
    under_load(redis.url(), |_| redis.kill().and_then(|()| redis.start_again())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_primaries_are_killed_in_turn_loses_nothing() {
    let cluster = RedisCluster::start().unwrap();
    under_load(cluster.url(), |round| cluster.kill(round % 3).and_then(|()| cluster.start_again())).await;
}
