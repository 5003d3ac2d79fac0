use fastestmcp_core::backend::Backend;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::event::{EventLog, Keep};
use fastestmcp_core::session::{Op, SessionStateStore, Touch};
use fastestmcp_core::time::ManualClock;
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use fastestmcp_test_servers::Postgres;

use crate::place::{LIVING, put, scope, write};

/// Rows updated since the server started, and those of them that stayed on their page and off the indexes.
fn updates(server: &Postgres, table: &str) -> (u64, u64) {
    let counts = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = ";
    let counts = server.psql(&format!("{counts}'{table}'")).unwrap();
    let (all, hot) = counts.split_once('|').unwrap();
    (all.parse().unwrap(), hot.parse().unwrap())
}

/// Waits until the sessions have reported what they did.
async fn settled(server: &Postgres, table: &str, least: u64) -> (u64, u64) {
    for _ in 0..200 {
        let counts = updates(server, table);
        if counts.0 >= least {
            return counts;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{table} was updated fewer than {least} times");
}

/// A row that only ever changes what no index holds leaves no trace in any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn touches_commits_to_one_key_and_appends_rewrite_no_index() {
    // Nobody else may read old snapshots here: they would keep what was overwritten.
    let server = Postgres::start().unwrap();
    let clock = Arc::new(ManualClock::default());
    let config = PostgresConfig::from_url(server.url()).unwrap().clock(clock.clone());
    let store = PostgresStore::open_with(config).await.unwrap();
    for session in 0..20 {
        write(&store, &session.to_string(), "v").await;
    }
    let keep = Keep::new(10, Duration::from_secs(60));
    for round in 0_u32..50 {
        clock.advance(LIVING.ttl / 9);
        for session in 0..20 {
            let scope = scope(&session.to_string());
            store.load(&scope, &[], Some(Touch::new(LIVING.ttl))).await.unwrap();
            let mut commit = put(&session.to_string(), &format!("{round} {}", "x".repeat(1_000)));
            let Op::Put { ttl, .. } = &mut commit.ops[0] else { panic!() };
            *ttl = (session % 2 == 0).then_some(LIVING.ttl);
            store.commit(commit).await.unwrap();
        }
        store.append("topic", vec![Bytes::from(round.to_string())], keep).await.unwrap();
    }
    store.close().await.unwrap();
    for (table, least) in [("scope", 1_000), ("entry", 1_000), ("topic", 50)] {
        let (all, hot) = settled(&server, table, least).await;
        assert!(hot * 100 >= all * 95, "{table}: {hot} of {all} updates were heap-only");
    }
}
