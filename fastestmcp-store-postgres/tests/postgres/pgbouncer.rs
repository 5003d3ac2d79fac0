//! A pooler between nodes and server.

use std::time::Duration;

use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::event::{EventLog, Wake};
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use fastestmcp_test_servers::{PgBouncer, Postgres};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::place::{Place, read, write};

fn config(place: &Place, pooler: &PgBouncer) -> PostgresConfig {
    PostgresConfig::from_url(pooler.url()).unwrap().schema(&place.schema)
}

/// What differs from the server's defaults in the sessions that another application is lent, apart from what PgBouncer
/// itself sets for each of its clients.
fn left_behind(pooler: &PgBouncer) -> Vec<String> {
    let changed = "SELECT coalesce(string_agg(name || '=' || setting, ' '), '') FROM pg_settings WHERE source = 'session' \
                   AND name NOT IN ('application_name', 'client_encoding', 'DateStyle', 'TimeZone')";
    let mut found: Vec<String> = (0..12).map(|_| pooler.psql(changed).unwrap()).collect();
    found.retain(|changed| !changed.is_empty());
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_session_mode_everything_works_and_others_find_their_sessions_as_they_were() {
    let place = Place::new();
    let pooler = PgBouncer::settings().start(place.server).unwrap();
    let one = PostgresStore::open_with(config(&place, &pooler).pool(3)).await.unwrap();
    let two = PostgresStore::open_with(config(&place, &pooler).pool(3)).await.unwrap();
    for round in 0..20 {
        write(&one, "s", &round.to_string()).await;
        assert_eq!(read(&two, "s").await, Some(round.to_string()));
    }
    let mut heard = two.listen().await.unwrap();
    one.wake(&["news".to_owned()]).await.unwrap();
    let wake = timeout(Duration::from_secs(5), heard.next()).await.unwrap().unwrap();
    assert_eq!(wake, Wake::Channel("news".to_owned()));
    one.close().await;
    two.close().await;
    drop((one, two));
    assert_eq!(left_behind(&pooler), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_transaction_and_statement_mode_it_is_refused_and_leaves_nothing_behind() {
    let server = Postgres::shared().unwrap();
    for mode in ["transaction", "statement"] {
        for (size, by_turns) in [("1", "0"), ("2", "1"), ("3", "1"), ("8", "0")] {
            let settings = PgBouncer::settings().set("pool_mode", mode).set("default_pool_size", size);
            let pooler = settings.set("min_pool_size", size).set("server_round_robin", by_turns).start(server).unwrap();
            let error = PostgresStore::open(pooler.url()).await.unwrap_err();
            assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unsupported, Outcome::NotApplied), "{error}");
            assert!(error.to_string().contains("session mode"), "{error}");
            assert_eq!(left_behind(&pooler), Vec::<String>::new(), "{mode} mode, {size} sessions");
        }
    }
}

/// Others use the same pool meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_transaction_mode_it_is_refused_in_company_too() {
    let settings = PgBouncer::settings().set("pool_mode", "transaction").set("default_pool_size", "2");
    let pooler = settings.start(Postgres::shared().unwrap()).unwrap();
    let busy = (0..3).map(|_| {
        let url = pooler.url().to_owned();
        let queries = "SELECT 1\\; SELECT pg_sleep(0.002) \\watch 0.003";
        let mut psql = std::process::Command::new("psql");
        psql.args([url.as_str(), "-Xq"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
        let mut psql = psql.spawn().unwrap();
        std::io::Write::write_all(psql.stdin.as_mut().unwrap(), queries.as_bytes()).unwrap();
        psql
    });
    let mut busy: Vec<_> = busy.collect();
    for _ in 0..20 {
        let error = PostgresStore::open(pooler.url()).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unsupported, "{error}");
    }
    for psql in &mut busy {
        psql.kill().unwrap();
        psql.wait().unwrap();
    }
}

/// A store needs more sessions than one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_with_one_session_is_refused_with_the_reason() {
    let pooler = PgBouncer::settings().set("default_pool_size", "1").start(Postgres::shared().unwrap()).unwrap();
    let config = PostgresConfig::from_url(pooler.url()).unwrap().timeout(Duration::from_secs(2));
    let error = PostgresStore::open_with(config).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("pooler"), "{error}");
}
