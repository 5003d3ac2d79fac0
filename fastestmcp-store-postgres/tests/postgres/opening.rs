use fastestmcp_core::backend::{Backend, Durability, Reach};
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use fastestmcp_test_servers::Postgres;

use crate::place::{Place, read, write};

/// A role that may log in and nothing else.
fn role(place: &Place) -> String {
    let role = place.schema.replace(' ', "_");
    place.psql(&format!("CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD 'secret'"));
    role
}

fn config_of(place: &Place, role: &str) -> PostgresConfig {
    let url = place.server.url().replace("postgres@", &format!("{role}:secret@"));
    PostgresConfig::from_url(&url).unwrap().schema(&place.schema)
}

fn drop_role(place: &Place, role: &str) {
    place.psql(&format!("DROP SCHEMA IF EXISTS {{schema}} CASCADE; DROP ROLE {role}"));
}

#[tokio::test]
async fn a_role_that_owns_the_schema_and_nothing_else_is_enough() {
    let place = Place::new();
    let role = role(&place);
    place.psql(&format!("CREATE SCHEMA {{schema}} AUTHORIZATION {role}"));
    let store = PostgresStore::open_with(config_of(&place, &role)).await.unwrap();
    write(&store, "s", "v").await;
    assert_eq!(read(&store, "s").await.as_deref(), Some("v"));
    store.sweep(Default::default()).await.unwrap();
    store.close().await.unwrap();
    drop_role(&place, &role);
}

#[tokio::test]
async fn a_schema_that_is_missing_and_may_not_be_made_is_a_typed_error() {
    let place = Place::new();
    let role = role(&place);
    let error = PostgresStore::open_with(config_of(&place, &role)).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unsupported, "{error}");
    drop_role(&place, &role);
}

#[tokio::test]
async fn a_session_that_may_only_read_is_refused() {
    let place = Place::new();
    let role = role(&place);
    place.psql(&format!("ALTER ROLE {role} SET default_transaction_read_only = on"));
    let error = PostgresStore::open_with(config_of(&place, &role)).await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unavailable, Outcome::NotApplied), "{error}");
    assert!(error.to_string().contains("standby or read-only"), "{error}");
    drop_role(&place, &role);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_refused() {
    let server = Postgres::start().unwrap();
    let folder = server.psql("SHOW data_directory").unwrap();
    server.stop().unwrap();
    std::fs::write(format!("{folder}/standby.signal"), "").unwrap();
    server.start_again().unwrap();
    let error = PostgresStore::open(server.url()).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("standby or read-only"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let error = PostgresStore::open("postgres://nobody:s3cret@127.0.0.1:1/none").await.unwrap_err();
    assert_eq!((error.kind, error.outcome), (StoreErrorKind::Unavailable, Outcome::NotApplied));
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_said_once_in_a_sentence() {
    let place = Place::new();
    let url = format!("{}/nope", place.server.url().rsplit_once('/').unwrap().0);
    let error = PostgresStore::open(&url).await.unwrap_err();
    let expected = "the database \"nope\" does not exist: create it, or name another one in the URL";
    assert_eq!(error.detail, format!("no connection: {expected}"));
    assert!(std::error::Error::source(&error).is_none(), "it would be said again");
}

#[tokio::test]
async fn durability_is_what_the_settings_of_the_role_give() {
    let place = Place::new();
    let role = role(&place);
    place.psql(&format!("CREATE SCHEMA {{schema}} AUTHORIZATION {role}"));
    let durable = PostgresStore::open_with(config_of(&place, &role)).await.unwrap().guarantees();
    assert_eq!((durable.durability, durable.reach), (Durability::PowerLoss, Reach::Cluster));
    assert!(durable.failover_may_lose, "what cannot be seen is declared at its weakest");
    place.psql(&format!("ALTER ROLE {role} SET synchronous_commit = off"));
    let config = config_of(&place, &role).lossless_failover(true);
    let weak = PostgresStore::open_with(config).await.unwrap().guarantees();
    assert_eq!((weak.durability, weak.failover_may_lose), (Durability::Volatile, false));
    drop_role(&place, &role);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_encrypted_and_the_server_verified_if_the_url_asks_for_it() {
    let server = Postgres::settings().tls().start().unwrap();
    let authority = server.certificate().unwrap().authority().display().to_string();
    let url = |options: &str| format!("{}?{options}", server.url());
    let store = PostgresStore::open(&url(&format!("sslmode=verify-full&sslrootcert={authority}"))).await.unwrap();
    write(&store, "s", "v").await;
    let encrypted = "SELECT count(*) > 0 FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE s.ssl";
    assert_eq!(server.psql(encrypted).unwrap(), "t");
    let error = PostgresStore::open(&url("sslmode=verify-full")).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "an authority that nobody vouches for: {error}");
}
