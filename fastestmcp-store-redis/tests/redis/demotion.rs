use std::time::Duration;

use fastestmcp_core::backend::Backend;
use fastestmcp_core::error::{Outcome, StoreErrorKind, StoreResult};
use fastestmcp_core::event::{EventLog, Keep, ReadFrom, Wake};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::PageRequest;
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::session::{ScopeKind, SessionStateStore};
use fastestmcp_core::task::{Part, TaskBackend};
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;
use futures_util::StreamExt;

use crate::pair::Pair;
use crate::steps::{get, open, put, scope, until_it_works};

const PATIENCE: Duration = Duration::from_secs(10);

fn is_unavailable<T>(what: &str, answer: StoreResult<T>) {
    match answer {
        Ok(_) => panic!("{what} was answered by a replica"),
        Err(error) => {
            assert_eq!(
                (error.kind, error.outcome),
                (StoreErrorKind::Unavailable, Outcome::NotApplied),
                "{what}: {error}"
            )
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_by_a_replica_and_a_server_that_leads_again_is_taken_again() {
    let (server, other) = (Redis::start().unwrap(), Redis::start().unwrap());
    // One store per operation: none is told by another's connection.
    let mut stores = Vec::new();
    for _ in 0..9 {
        let store = open(&server).await;
        put(&store, "key", "value").await.unwrap();
        stores.push(store);
    }
    server.command(&["REPLICAOF", "127.0.0.1", &other.port().unwrap().to_string()]).unwrap();
    let page = PageRequest::default;
    is_unavailable("load", get(&stores[0], "key").await);
    is_unavailable("get", stores[1].get(&[TaskId::new("a")], &OwnerFilter::Any, Part::All).await);
    is_unavailable("list_tasks", stores[2].list_tasks(&OwnerFilter::Any, None, page()).await);
    is_unavailable("list_entries", stores[3].list_entries(&scope(), "", page()).await);
    is_unavailable("list_scopes", stores[4].list_scopes(ScopeKind::System, page()).await);
    is_unavailable("count_scopes", stores[5].count_scopes(ScopeKind::Session, 1).await);
    is_unavailable("read", stores[6].read(&[("topic".to_owned(), ReadFrom::Tail)], 1).await);
    is_unavailable("ping", stores[7].ping().await);
    is_unavailable("commit", put(&stores[8], "key", "other").await);
    is_unavailable("open", RedisStore::open(server.url()).await);
    for store in &stores {
        is_unavailable("load, once more", get(store, "key").await);
    }
    server.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    for store in &stores {
        until_it_works(PATIENCE, async || put(store, "key", "again").await).await;
        assert_eq!(get(store, "key").await.unwrap(), Some(b"again".to_vec()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demoted_primary_is_left_for_the_new_one_behind_the_same_address() {
    let pair = Pair::start(Redis::settings()).await;
    let store = RedisStore::open_with(pair.config()).await.unwrap();
    let mut heard = store.listen().await.unwrap();
    put(&store, "key", "before").await.unwrap();
    pair.in_step().await;
    pair.promote();
    pair.demote();
    pair.move_address();
    until_it_works(PATIENCE, async || put(&store, "key", "after").await).await;
    let fresh = RedisStore::open(pair.replica.url()).await.unwrap();
    assert_eq!(get(&fresh, "key").await.unwrap(), Some(b"after".to_vec()), "written where a fresh process reads");
    let keep = Keep::new(1, Duration::from_secs(60));
    store.append("topic", vec!["event".into()], keep).await.unwrap();
    assert_eq!(heard.next().await, Some(Wake::Reset), "the listener moves, too");
    until_it_works(PATIENCE, async || fresh.wake(&["channel".to_owned()]).await).await;
    while heard.next().await != Some(Wake::Channel("channel".to_owned())) {}
}
