//! A server that is another one, or is set up otherwise, than when the store was opened.

use fastestmcp_core::backend::{Backend, Durability};
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::session::SessionStateStore;
use fastestmcp_store_postgres::PostgresStore;
use fastestmcp_test_servers::Postgres;

use crate::place::{put, read, write};

/// Changes a setting, and ends the sessions that began before.
fn change(server: &Postgres, setting: &str) {
    server.psql(&format!("ALTER SYSTEM SET {setting}")).unwrap();
    server.psql("SELECT pg_reload_conf()").unwrap();
    server
        .psql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE application_name = 'fastestmcp' AND backend_type = 'client backend'",
        )
        .unwrap();
}

async fn any(store: &PostgresStore) {
    // The first call may find that its connection is dead.
    let _ = store.ping().await;
    store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_promises_less_lowers_what_is_declared() {
    let server = Postgres::start().unwrap();
    let store = PostgresStore::open(server.url()).await.unwrap();
    any(&store).await;
    assert_eq!(store.guarantees().durability, Durability::PowerLoss);
    change(&server, "full_page_writes = off");
    any(&store).await;
    assert_eq!(store.guarantees().durability, Durability::ProcessCrash);
    change(&server, "synchronous_commit = off");
    any(&store).await;
    assert_eq!(store.guarantees().durability, Durability::Volatile);
    // What was written meanwhile may be lost yet.
    change(&server, "synchronous_commit = on");
    any(&store).await;
    assert_eq!(store.guarantees().durability, Durability::Volatile);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_may_only_read_is_left_and_found_again() {
    let server = Postgres::start().unwrap();
    let store = PostgresStore::open(server.url()).await.unwrap();
    write(&store, "s", "before").await;
    let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fastestmcp'";
    assert_ne!(server.psql(open).unwrap(), "0");
    // Those that are open become read-only, too.
    server.psql("ALTER SYSTEM SET default_transaction_read_only = on").unwrap();
    server.psql("SELECT pg_reload_conf()").unwrap();
    while server.psql("SHOW default_transaction_read_only").unwrap() != "on" {}
    let error = store.commit(put("s", "refused")).await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unavailable, Outcome::NotApplied), "{error}");
    // One may be on its way out.
    let mut tries = 0;
    while server.psql(open).unwrap() != "0" {
        assert!(tries < 100, "connections to it are kept");
        tries += 1;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    server.psql("ALTER SYSTEM RESET default_transaction_read_only").unwrap();
    server.psql("SELECT pg_reload_conf()").unwrap();
    while server.psql("SHOW default_transaction_read_only").unwrap() != "off" {}
    write(&store, "s", "after").await;
    assert_eq!(read(&store, "s").await.as_deref(), Some("after"));
}

/// What is known not to have been done is done on the server that took over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_meets_a_demoted_server_is_repeated_on_its_successor() {
    let server = Postgres::start().unwrap();
    let store = PostgresStore::open(server.url()).await.unwrap();
    write(&store, "s", "before").await;
    // New sessions may write, those that are open may not: as if the address led to another server by now.
    server.psql("ALTER ROLE postgres SET default_transaction_read_only = off").unwrap();
    server.psql("ALTER SYSTEM SET default_transaction_read_only = on").unwrap();
    let ours =
        "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE application_name = 'fastestmcp'";
    let demoted = server.psql(ours).unwrap();
    server.psql("SELECT pg_reload_conf()").unwrap();
    let mut tries = 0;
    while server.psql(ours).unwrap() == demoted {
        assert!(tries < 100, "connections to it are kept");
        tries += 1;
        write(&store, "s", &tries.to_string()).await;
    }
    assert_eq!(read(&store, "s").await, Some(tries.to_string()));
}
