use fastestmcp_core::backend::Backend;
use fastestmcp_core::error::StoreErrorKind;
use fastestmcp_store_postgres::PostgresStore;
use futures_util::future::join_all;

use crate::place::{Place, read, write};

/// Migrations that were released are never changed, renumbered or left out; new ones are added at the end.
const RELEASED: &str = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_that_open_a_new_schema_together_migrate_it_once() {
    let place = Place::new();
    let stores = join_all((0..8).map(|_| place.open())).await;
    let applied = place.psql("SELECT string_agg(number::text, ' ' ORDER BY number) FROM {schema}.migration");
    assert_eq!(applied, RELEASED);
    write(&stores[0], "s", "v").await;
    for store in &stores {
        assert_eq!(read(store, "s").await.as_deref(), Some("v"));
    }
}

#[tokio::test]
async fn a_schema_that_needs_a_newer_release_is_refused_and_left_alone() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    place.psql("UPDATE {schema}.meta SET min_supported_format = 2");
    let error = PostgresStore::open_with(place.config()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unsupported);
    assert!(error.to_string().contains("format 2"), "{error}");
}

#[tokio::test]
async fn migrations_of_a_newer_release_do_not_disturb_this_one() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    place.psql("INSERT INTO {schema}.migration (number) VALUES (9999)");
    let store = place.open().await;
    write(&store, "s", "v").await;
}

#[tokio::test]
async fn a_migration_that_failed_leaves_nothing_half_done() {
    let place = Place::new();
    // The name of a table is taken in the middle of the migrations.
    place.psql("CREATE SCHEMA {schema}; CREATE TABLE {schema}.topic (mine integer)");
    assert!(PostgresStore::open_with(place.config()).await.is_err());
    let left = "SELECT count(*) FROM pg_tables WHERE schemaname = ";
    assert_eq!(place.psql(&format!("{left}'{}'", place.schema)), "1");
    place.psql("DROP TABLE {schema}.topic");
    write(&place.open().await, "s", "v").await;
}
