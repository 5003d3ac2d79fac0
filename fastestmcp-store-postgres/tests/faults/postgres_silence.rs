use std::process::Command;
use std::time::Duration;

use fastestmcp_core::session::{
    CommitRequest, CommitRule, Lifetime, Op, Scope, SessionStateStore, SessionStateStoreExt,
};
use fastestmcp_store_postgres::PostgresStore;
use fastestmcp_test_servers::Postgres;
use futures_util::future::join_all;

use crate::node::config;

const POOL: usize = 8;
const LIFE: CommitRule = CommitRule::CreateIfMissing(Lifetime { ttl: Duration::from_secs(3_600), max_life: None });

/// Server processes that say nothing until this is dropped.
struct Silenced(Vec<String>);

impl Silenced {
    fn of(server: &Postgres) -> Self {
        let ours = "SELECT pid FROM pg_stat_activity WHERE application_name = 'fastestmcp'";
        let silenced = Self(server.psql(ours).unwrap().lines().map(str::to_owned).collect());
        silenced.signal("-STOP");
        silenced
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").arg(signal).args(&self.0).status().unwrap().success());
    }
}

impl Drop for Silenced {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

/// As after a network forgot its connections: those that rest never hear anything again, while new ones can be made.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_in_silence_cost_no_call_its_deadline() {
    let server = Postgres::start().unwrap();
    let store =
        PostgresStore::open_with(config(server.url()).timeout(Duration::from_secs(8)).pool(POOL)).await.unwrap();
    let scope = Scope::new(fastestmcp_core::session::ScopeKind::Session, "s");
    store.commit(CommitRequest::new(scope.clone(), LIFE, vec![Op::put("key", "x")])).await.unwrap();
    // Each holds a connection of its own for a moment.
    let wide = (0..POOL).map(|_| store.list_entries(&scope, "", fastestmcp_core::page::PageRequest::default()));
    join_all(wide).await.into_iter().for_each(|page| drop(page.unwrap()));
    tokio::time::sleep(Duration::from_millis(150)).await;
    let silenced = Silenced::of(&server);
    assert!(silenced.0.len() >= 6, "{} connections rest", silenced.0.len());
    store.get(&scope, "key").await.unwrap();
    let calls = (0..POOL * 2).map(|_| store.delete_scope(&scope));
    join_all(calls).await.into_iter().for_each(|done| assert!(done.is_ok(), "{done:?}"));
}
