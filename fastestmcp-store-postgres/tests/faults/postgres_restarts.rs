use fastestmcp_conformance::storm::{Terms, endure};
use fastestmcp_test_servers::{Postgres, ServerError};

use crate::node::{TIMEOUT, two};

const TIMES: usize = 20;

/// Does it again and again under load; nothing that was acknowledged may be lost.
async fn under_load(url: &str, times: usize, fault: impl Fn() -> Result<(), ServerError> + Send + Sync) {
    let terms = Terms { deadline: TIMEOUT, keeps: true };
    let report = endure(two(url).await, terms, times, async |_| tokio::task::block_in_place(&fault)).await;
    eprintln!("{times} times: {:?}", report.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_orderly_restarts_lose_nothing() {
    let postgres = Postgres::start().unwrap();
    under_load(postgres.url(), TIMES, || postgres.restart()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_nothing() {
    let postgres = Postgres::start().unwrap();
    under_load(postgres.url(), TIMES, || postgres.kill().and_then(|()| postgres.start_again())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_backends_are_replaced() {
    let postgres = Postgres::start().unwrap();
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    under_load(postgres.url(), TIMES, || postgres.psql(end).map(|count| assert_ne!(count, "0"))).await;
}

/// The death of one process makes Postgres end all others and recover.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backend_takes_the_others_along_and_loses_nothing() {
    let postgres = Postgres::start().unwrap();
    let one = "SELECT pid FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid LIMIT 1";
    under_load(postgres.url(), 5, || postgres.crash_process(&postgres.psql(one)?)).await;
}
