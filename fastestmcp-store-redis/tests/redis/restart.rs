use fastestmcp_core::backend::Backend;
use std::time::{Duration, Instant};

use fastestmcp_core::error::StoreErrorKind;
use fastestmcp_core::event::{EventLog, Wake};
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;
use futures_util::StreamExt;

use crate::steps::{config, get, open, put, until_it_works};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_a_typed_error_at_once_and_comes_back_by_itself() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    for round in 0..3 {
        put(&store, "key", round.to_string()).await.unwrap();
        server.kill().unwrap();
        let started = Instant::now();
        let error = get(&store, "key").await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
        assert!(started.elapsed() < 5 * SECOND);
        server.start_again().unwrap();
        let took = until_it_works(5 * SECOND, async || get(&store, "key").await).await;
        assert!(took < 5 * SECOND);
        assert_eq!(get(&store, "key").await.unwrap(), Some(round.to_string().into_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_is_told_when_wakes_may_have_been_lost() {
    let server = Redis::start().unwrap();
    let (here, there) = (open(&server).await, open(&server).await);
    let mut heard = here.listen().await.unwrap();
    let mut also = here.listen().await.unwrap();
    there.wake(&["first".to_owned()]).await.unwrap();
    assert_eq!(heard.next().await, Some(Wake::Channel("first".to_owned())));
    assert_eq!(also.next().await, Some(Wake::Channel("first".to_owned())));
    let subscribers = server.command(&["PUBSUB", "NUMSUB", "fastestmcp:{default:wake}:wake"]).unwrap();
    assert_eq!(subscribers.lines().last(), Some("1"), "one connection for all who listen on a node");
    server.restart().unwrap();
    assert_eq!(heard.next().await, Some(Wake::Reset));
    until_it_works(5 * SECOND, async || there.wake(&["second".to_owned()]).await).await;
    assert_eq!(heard.next().await, Some(Wake::Channel("second".to_owned())));
}

#[tokio::test]
async fn a_server_that_says_nothing_ends_in_a_timeout_and_a_closed_store_at_once() {
    let server = Redis::start().unwrap();
    let store = RedisStore::open_with(config(&server).timeout(SECOND / 2)).await.unwrap();
    put(&store, "key", "value").await.unwrap();
    server.pause().unwrap();
    let error = put(&store, "key", "other").await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Timeout, "{error}");
    server.resume().unwrap();
    until_it_works(5 * SECOND, async || get(&store, "key").await).await;
    store.close().await.unwrap();
    assert_eq!(get(&store, "key").await.unwrap_err().kind, StoreErrorKind::Unavailable);
}
