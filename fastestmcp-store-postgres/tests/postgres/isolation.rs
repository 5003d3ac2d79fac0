use fastestmcp_core::backend::Backend;
use fastestmcp_core::ids::Namespace;
use fastestmcp_store_postgres::PostgresStore;

use crate::place::{Place, read, write};

#[tokio::test]
async fn namespaces_and_schemas_never_see_each_other() {
    let (one, two) = (Place::new(), Place::new());
    let named = |name: &str| PostgresStore::open_with(one.config().namespace(Namespace::new(name).unwrap()));
    let stores = [named("a").await.unwrap(), named("b").await.unwrap(), two.open().await];
    for (index, store) in stores.iter().enumerate() {
        assert_eq!(read(store, "s").await, None);
        write(store, "s", &index.to_string()).await;
    }
    for (index, store) in stores.iter().enumerate() {
        assert_eq!(read(store, "s").await, Some(index.to_string()));
    }
    assert_eq!(one.psql("SELECT count(*) FROM {schema}.scope"), "2");
    assert_eq!(two.psql("SELECT count(*) FROM {schema}.scope"), "1");
}

#[tokio::test]
async fn a_search_path_of_the_role_leads_nobody_astray() {
    let (ours, theirs) = (Place::new(), Place::new());
    theirs.open().await.close().await.unwrap();
    let role = ours.schema.replace(' ', "_");
    ours.psql(&format!(
        "CREATE ROLE {role} LOGIN SUPERUSER; ALTER ROLE {role} SET search_path = \"{}\"",
        theirs.schema
    ));
    let url = ours.server.url().replace("postgres@", &format!("{role}@"));
    let config = fastestmcp_store_postgres::PostgresConfig::from_url(&url).unwrap().schema(&ours.schema);
    let store = PostgresStore::open_with(config).await.unwrap();
    write(&store, "s", "v").await;
    assert_eq!(ours.psql("SELECT count(*) FROM {schema}.entry"), "1");
    assert_eq!(theirs.psql("SELECT count(*) FROM {schema}.entry"), "0");
    store.close().await.unwrap();
    ours.psql(&format!("DROP SCHEMA {{schema}} CASCADE; DROP ROLE {role}"));
}
