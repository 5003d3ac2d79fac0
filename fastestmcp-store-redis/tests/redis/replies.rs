use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::ScopeKind;
use fastestmcp_core::session::{
    CommitOutcome, CommitRequest, CommitRule, Expect, Op, Scope, SessionStateStore, Version,
};
use fastestmcp_core::task::{Guard, InsertOutcome, NewTask, ReplaceOutcome, ReplaceRequest, TaskBackend, Then};
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;
use futures_util::future::join_all;

use crate::steps::config;

const CALLERS: usize = 64;
const LARGE: usize = 1 << 20;

/// A server that ends connections which it owes more than two full replies.
async fn strict() -> (Redis, RedisStore) {
    let server = Redis::start().unwrap();
    server.command(&["CONFIG", "SET", "client-output-buffer-limit", "normal 40mb 40mb 0"]).unwrap();
    let store = RedisStore::open_with(config(&server).timeout(Duration::from_secs(30))).await.unwrap();
    (server, store)
}

fn scope(number: usize) -> Scope {
    Scope::new(ScopeKind::System, number.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_load_or_expect_at_once_makes_no_reply_without_a_bound() {
    let (_server, store) = strict().await;
    for number in 0..CALLERS {
        let put = Op::put("key", vec![7; LARGE]);
        store.commit(CommitRequest::new(scope(number), CommitRule::Existing, vec![put])).await.unwrap();
    }
    let scopes: Vec<Scope> = (0..CALLERS).map(scope).collect();
    for loaded in join_all(scopes.iter().map(|scope| store.load(scope, &["key"], None))).await {
        let entry = loaded.unwrap().value.entries.remove(0).unwrap();
        assert_eq!(entry.value.len(), LARGE);
    }
    let wrong = |scope: &Scope| {
        let op = Op::Put { key: "key".into(), value: "x".into(), expect: Expect::Version(Version(1)), ttl: None };
        store.commit(CommitRequest::new(scope.clone(), CommitRule::Existing, vec![op]))
    };
    for outcome in join_all(scopes.iter().map(wrong)).await {
        let CommitOutcome::Mismatch { current: Some(current), .. } = outcome.unwrap().value else { panic!() };
        assert_eq!(current.value.len(), LARGE);
    }
    let take = |scope: &Scope| {
        let op = Op::Take { key: "key".into(), expect: Expect::Any };
        store.commit(CommitRequest::new(scope.clone(), CommitRule::Existing, vec![op]))
    };
    for outcome in join_all(scopes.iter().map(take)).await {
        let CommitOutcome::Committed(applied) = outcome.unwrap().value else { panic!() };
        assert!(format!("{applied:?}").contains("Taken(Some"), "each is taken once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_are_there_already_make_no_reply_without_a_bound() {
    let (_server, store) = strict().await;
    let task = |number: usize, bytes: usize| {
        let id = TaskId::new(number.to_string());
        NewTask::new(id, Owner::new("owner"), "queue", "spec".into(), vec![7; bytes].into())
    };
    for number in 0..CALLERS {
        store.insert(task(number, LARGE)).await.unwrap();
    }
    for repeated in join_all((0..CALLERS).map(|number| store.insert(task(number, 1)))).await {
        let InsertOutcome::Existing(record) = repeated.unwrap().value else { panic!() };
        assert_eq!(record.state.unwrap().len(), LARGE);
    }
    let guard = Guard { version: Version(1), token: None };
    let replace = |number: usize| {
        let id = TaskId::new(number.to_string());
        store.replace(ReplaceRequest::new(id, guard, 1, "new".into(), Then::KeepLease))
    };
    for replaced in join_all((0..CALLERS).map(replace)).await {
        let ReplaceOutcome::Conflict(record) = replaced.unwrap().value else { panic!() };
        assert_eq!(record.state.unwrap().len(), LARGE);
    }
}
