use std::time::{Duration, Instant};

use fastestmcp_core::backend::Backend;
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::session::{SessionStateStore, SessionStateStoreExt};
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};

use crate::place::{Place, put, read, scope, write};

/// A store whose connections go by `name`.
async fn named(place: &Place, name: &str, options: &str) -> PostgresStore {
    let url = format!("{}?application_name={name}{options}", place.server.url());
    PostgresStore::open_with(PostgresConfig::from_url(&url).unwrap().schema(&place.schema)).await.unwrap()
}

/// Keeps the lock of a scope until it is dropped.
struct Blocker<'p> {
    place: &'p Place,
    name: String,
    psql: std::process::Child,
}

impl<'p> Blocker<'p> {
    fn of(place: &'p Place, id: &str) -> Self {
        let (schema, name) = (&place.schema, format!("blocks {}", place.schema));
        let lock = format!("pg_advisory_lock(\"{schema}\".scope_lock(id, 0::smallint, '{id}'))");
        let lock = format!("SELECT {lock}, pg_sleep(60) FROM \"{schema}\".namespace");
        let mut psql = std::process::Command::new("psql");
        let psql = psql.env("PGAPPNAME", &name).args([place.server.url(), "-XAtqc", &lock]).spawn().unwrap();
        let held = "SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid) \
                    WHERE locktype = 'advisory' AND granted AND application_name = ";
        while place.psql(&format!("{held}'{name}'")) != "t" {
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { place, name, psql }
    }
}

impl Drop for Blocker<'_> {
    fn drop(&mut self) {
        self.place.terminate(&self.name);
        let _ = self.psql.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_server_processes_were_ended_goes_on_by_itself() {
    let place = Place::new();
    let store = named(&place, "ended", "").await;
    write(&store, "s", "v").await;
    for round in 0..5 {
        assert!(place.terminate("ended") > 0);
        // At rest a connection is asked first; a read goes on over another one in any case.
        if round % 2 == 0 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            write(&store, "s", "v").await;
        }
        assert_eq!(read(&store, "s").await.as_deref(), Some("v"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_all_connections_busy_until_the_deadline_has_applied_nothing() {
    let place = Place::new();
    let store = named(&place, "busy", "&pool=1&timeout=2s").await;
    write(&store, "s", "before").await;
    let blocker = Blocker::of(&place, "s");
    let hold = || {
        let store = store.clone();
        tokio::spawn(async move { store.delete_scope(&scope("s")).await.unwrap_err() })
    };
    // The first has the only connection until its lock timeout, the second from then on until its deadline.
    let holders = [hold(), hold()];
    tokio::time::sleep(Duration::from_millis(20)).await;
    let error = store.commit(put("other", "late")).await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Timeout, Outcome::NotApplied), "{error}");
    let mut outcomes = Vec::new();
    for holder in holders {
        let error = holder.await.unwrap();
        outcomes.push((error.kind, error.outcome));
    }
    let locked = (StoreErrorKind::Contention, Outcome::NotApplied);
    let unanswered = (StoreErrorKind::Timeout, Outcome::Unknown);
    assert!(outcomes.contains(&locked) && outcomes.contains(&unanswered), "{outcomes:?}");
    drop(blocker);
    assert_eq!(read(&store, "other").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_went_away_leave_no_lock_and_no_connection_behind() {
    let place = Place::new();
    let store = named(&place, "gone", "&pool=2&timeout=1s").await;
    write(&store, "s", "before").await;
    let blocker = Blocker::of(&place, "s");
    for _ in 0..30 {
        let _ = tokio::time::timeout(Duration::from_millis(5), store.commit(put("s", "never waited for"))).await;
        let _ = tokio::time::timeout(Duration::from_millis(5), store.delete_scope(&scope("t"))).await;
    }
    drop(blocker);
    let started = Instant::now();
    while store.commit(put("s", "after")).await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(read(&store, "s").await.as_deref(), Some("after"));
    let locks = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                 WHERE l.locktype = 'advisory' AND a.application_name = 'gone'";
    assert_eq!(place.psql(locks), "0");
    let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gone'";
    assert!(place.psql(open).parse::<usize>().unwrap() <= 2);
}

#[tokio::test]
async fn what_the_server_allows_lies_below_the_deadline() {
    let place = Place::new();
    let store = named(&place, "bounded", "&timeout=2s&pool=1").await;
    // A clock that only shows a time if all of them are as they should be.
    place.psql(
        "CREATE OR REPLACE FUNCTION {schema}.now(at bigint) RETURNS bigint LANGUAGE sql AS $$ \
         SELECT 7::bigint WHERE current_setting('statement_timeout') = '1600ms' \
            AND current_setting('lock_timeout') = '1200ms' \
            AND current_setting('idle_in_transaction_session_timeout') = '2s' \
            AND current_setting('client_connection_check_interval') = '400ms' $$",
    );
    assert_eq!(store.ping().await.unwrap().as_millis(), 7);
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let place = Place::new();
    let store = place.open().await;
    store.close().await.unwrap();
    let error = store.ping().await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unavailable, Outcome::NotApplied));
    let error = store.get(&scope("s"), "key").await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unavailable, Outcome::NotApplied));
}
