use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::{Backend, SweepBudget};
use fastestmcp_core::error::StoreErrorKind;
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::session::{CommitRequest, CommitRule, Op, Scope, ScopeKind, SessionStateStore};
use fastestmcp_core::task::{ClaimRequest, Claimed, NewTask, Part, TaskBackend};
use fastestmcp_core::time::ManualClock;
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;
use futures_util::future::join_all;

use crate::steps::{config, open};

const RECORDS: &str = "fastestmcp:{default:tasks}:records";
const MINUTE: Duration = Duration::from_secs(60);

fn task(id: &str, queue: &str) -> NewTask {
    NewTask::new(TaskId::new(id), Owner::new("owner"), queue, "spec".into(), "state".into())
}

async fn claim(store: &RedisStore, queues: Vec<String>) -> Claimed {
    store.claim(ClaimRequest::new(queues, "worker", 100, MINUTE)).await.unwrap().value
}

fn ids(claimed: &Claimed) -> Vec<&str> {
    let mut ids: Vec<_> = claimed.tasks.iter().map(|record| record.head.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

/// Puts `bytes` in the place of those from `at` on in the head of a task.
fn overwrite(server: &Redis, id: &str, at: usize, bytes: &str) {
    let script = "local head = redis.call('HGET', KEYS[1], ARGV[1]); \
                  redis.call('HSET', KEYS[1], ARGV[1], \
                  string.sub(head, 1, ARGV[2]) .. string.char(ARGV[3]) .. string.sub(head, ARGV[2] + 2)); return 'done'";
    let done = server.command(&["EVAL", script, "1", RECORDS, &format!("h{id}"), &at.to_string(), bytes]).unwrap();
    assert_eq!(done, "done");
}

#[tokio::test]
async fn a_task_without_its_request_or_state_or_with_names_that_are_no_text_is_stepped_over() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    for id in ["a", "no-state", "no-spec", "no-text", "z"] {
        store.insert(task(id, "queue")).await.unwrap();
    }
    server.command(&["HDEL", RECORDS, "sno-state", "pno-spec"]).unwrap();
    // The first byte of the owner's name: 49 bytes of the head's beginning, 47 before it in the fixed part.
    overwrite(&server, "no-text", 96, "255");
    let queues = || vec!["queue".to_owned()];
    let mut claimed = claim(&store, queues()).await;
    assert_eq!(ids(&claimed), ["a", "z"]);
    claimed.damaged.sort();
    assert_eq!(claimed.damaged, ["no-spec", "no-state", "no-text"].map(TaskId::new));
    assert!(claimed.tasks.iter().all(|record| record.head.claims == 1));
    let again = claim(&store, queues()).await;
    assert_eq!((again.tasks.len(), again.damaged.len()), (0, 0));
    assert_ne!(again.next_due, Some(Duration::ZERO));
    let listed = store.list_tasks(&OwnerFilter::Any, None, PageRequest::default()).await.unwrap().value.items;
    assert_eq!(listed.len(), 4, "whose head can be read");
    for id in ["no-state", "no-spec", "no-text"] {
        let read = store.get(&[TaskId::new(id)], &OwnerFilter::Any, Part::All).await;
        assert_eq!(read.unwrap_err().kind, StoreErrorKind::Corrupt, "{id}");
    }
}

#[tokio::test]
async fn a_task_of_a_newer_format_is_left_to_those_who_know_it() {
    let (server, clock) = (Redis::start().unwrap(), Arc::new(ManualClock::default()));
    let store = RedisStore::open_with(config(&server).clock(clock.clone())).await.unwrap();
    let mut newer = task("newer", "queue");
    newer.ttl = Some(MINUTE);
    store.insert(newer).await.unwrap();
    clock.advance(Duration::from_millis(1));
    store.insert(task("known", "queue")).await.unwrap();
    overwrite(&server, "newer", 0, "2");
    for _ in 0..2 {
        let claimed = claim(&store, vec!["queue".to_owned()]).await;
        assert_eq!(claimed.damaged, []);
        assert_ne!(claimed.next_due, Some(Duration::ZERO), "nothing that this release can do is due");
    }
    clock.advance(2 * MINUTE);
    let swept = store.sweep(SweepBudget::default()).await.unwrap();
    assert_eq!((swept.removed, swept.more), (0, false));
    // Whoever knows the format finds all of it as it was.
    overwrite(&server, "newer", 0, "1");
    assert_eq!(store.sweep(SweepBudget::default()).await.unwrap().removed, 1);
}

#[tokio::test]
async fn a_claim_of_many_queues_full_of_the_dead_writes_all_or_nothing() {
    let (server, clock) = (Redis::start().unwrap(), Arc::new(ManualClock::default()));
    let store = RedisStore::open_with(config(&server).clock(clock.clone())).await.unwrap();
    let queues: Vec<String> = (0..200).map(|queue| format!("queue-{queue:03}")).collect();
    let dead = queues.iter().flat_map(|queue| (0..70).map(move |index| (queue, index)));
    join_all(dead.map(|(queue, index)| {
        let mut mortal = task(&format!("{queue}-{index}"), queue);
        mortal.ttl = Some(MINUTE);
        store.insert(mortal)
    }))
    .await;
    clock.advance(MINUTE);
    store.insert(task("alive", &queues[199])).await.unwrap();
    let mut claims = 0;
    loop {
        let claimed = claim(&store, queues.clone()).await;
        claims += 1;
        if !claimed.tasks.is_empty() {
            assert_eq!(ids(&claimed), ["alive"]);
            break;
        }
        assert_eq!(claimed.next_due, Some(Duration::ZERO), "there may be more");
        assert!(claims < 30, "the dead are in the way again");
    }
}

#[tokio::test]
async fn a_system_scope_whose_only_key_is_empty_is_listed() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    let names: Vec<String> = (0..25).map(|name| name.to_string()).collect();
    for name in &names {
        let scope = Scope::new(ScopeKind::System, name.clone());
        store.commit(CommitRequest::new(scope, CommitRule::Existing, vec![Op::put("", "value")])).await.unwrap();
    }
    let limit = PageLimit::new(1).unwrap();
    for first in [3, 6, 9, 12, 15] {
        // Rows without a live key use up what a page may examine at every place.
        for index in 0..first {
            let scope = Scope::new(ScopeKind::System, format!("dead-{first}-{index}"));
            let put = |key: &str| Op::Put {
                key: key.to_owned(),
                value: "value".into(),
                expect: fastestmcp_core::session::Expect::Any,
                ttl: Some(Duration::from_millis(1)),
            };
            let puts = vec![put(""), put("a")];
            store.commit(CommitRequest::new(scope, CommitRule::Existing, puts)).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (mut seen, mut page) = (Vec::new(), PageRequest::first(limit));
        loop {
            let found = store.list_scopes(ScopeKind::System, page).await.unwrap().value;
            seen.extend(found.items.into_iter().map(|(scope, _)| scope.id));
            match found.next {
                Some(next) => page = PageRequest::after(limit, next),
                None => break,
            }
        }
        seen.sort();
        let mut wanted = names.clone();
        wanted.sort();
        assert_eq!(seen, wanted, "with {first} more of the dead");
    }
}
