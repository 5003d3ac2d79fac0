use fastestmcp_conformance::storm::{Terms, endure};
use fastestmcp_test_servers::{Redis, RedisCluster, ServerError};

use crate::node::{TIMEOUT, two};

const TIMES: usize = 20;

/// Restarts a server under load; nothing that was acknowledged may be lost.
async fn under_load(url: &str, restart: impl Fn(usize) -> Result<(), ServerError> + Send + Sync) {
    let terms = Terms { deadline: TIMEOUT, keeps: true };
    let restart = async |round| tokio::task::block_in_place(|| restart(round));
    let report = endure(two(url).await, terms, TIMES, restart).await;
    eprintln!("{TIMES} times: {:?}", report.unwrap());
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
