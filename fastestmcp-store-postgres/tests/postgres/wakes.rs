use std::time::Duration;

use fastestmcp_core::event::{EventLog, Wake, WakeStream};
use fastestmcp_store_postgres::{PostgresConfig, PostgresStore};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::place::Place;

const PATIENCE: Duration = Duration::from_secs(5);

async fn next(stream: &mut WakeStream) -> Wake {
    timeout(PATIENCE, stream.next()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_yields_a_reset_and_wake_ups_come_again() {
    let place = Place::new();
    let url = format!("{}?application_name=listens", place.server.url());
    let listens = PostgresConfig::from_url(&url).unwrap().schema(&place.schema);
    let (listens, sends) = (PostgresStore::open_with(listens).await.unwrap(), place.open().await);
    let mut heard = listens.listen().await.unwrap();
    for round in 0..3 {
        let channel = format!("round {round}");
        sends.wake(std::slice::from_ref(&channel)).await.unwrap();
        assert_eq!(next(&mut heard).await, Wake::Channel(channel));
        assert!(place.terminate("listens") > 0);
        assert_eq!(next(&mut heard).await, Wake::Reset);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_hears_itself_once_and_listens_over_one_connection() {
    let place = Place::new();
    let url = format!("{}?application_name=once", place.server.url());
    let store = PostgresStore::open_with(PostgresConfig::from_url(&url).unwrap().schema(&place.schema)).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(store.listen().await.unwrap());
    }
    store.wake(&["a".to_owned()]).await.unwrap();
    // What comes back from the server comes before the answer to something that was sent later.
    let other = place.open().await;
    let after = [String::from("b")];
    tokio::time::sleep(Duration::from_millis(200)).await;
    other.wake(&after).await.unwrap();
    for stream in &mut streams {
        assert_eq!(next(stream).await, Wake::Channel("a".to_owned()));
        assert_eq!(next(stream).await, Wake::Channel("b".to_owned()));
    }
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'once' AND query ILIKE 'LISTEN%'";
    assert_eq!(place.psql(listening), "1");
}
