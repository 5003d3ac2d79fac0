use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::{Backend, SweepBudget};
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_core::ids::{Namespace, TaskId};
use fastestmcp_core::page::PageRequest;
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{
    ClaimRequest, Claimed, Guard, Idempotency, InsertOutcome, NewTask, Part, ReplaceRequest, TaskBackend, TaskHead,
    Then,
};
use fastestmcp_core::time::ManualClock;
use fastestmcp_store_redis::RedisStore;
use fastestmcp_test_servers::Redis;
use futures_util::future::join_all;

use crate::layout::DUMP;
use crate::steps::{config, open};

const RECORDS: &str = "fastestmcp:{default:tasks}:records";
const INDEX: &str = "fastestmcp:{default:tasks}:index";
const MINUTE: Duration = Duration::from_secs(60);

async fn at(server: &Redis, clock: &Arc<ManualClock>) -> RedisStore {
    RedisStore::open_with(config(server).clock(clock.clone())).await.unwrap()
}

fn task(id: impl Into<String>) -> NewTask {
    NewTask::new(TaskId::new(id), Owner::new("owner"), "queue", "spec".into(), "state".into())
}

fn keyed(id: &str, key: &str) -> NewTask {
    let mut task = task(id);
    task.idempotency = Some(Idempotency { key: key.to_owned(), digest: "digest".to_owned() });
    task
}

async fn insert(store: &RedisStore, task: NewTask) -> TaskHead {
    match store.insert(task).await.unwrap().value {
        InsertOutcome::Inserted(head) => *head,
        other => panic!("{other:?}"),
    }
}

async fn claim(store: &RedisStore, limit: usize) -> Claimed {
    let request = ClaimRequest::new(vec!["queue".to_owned()], "worker", limit, MINUTE);
    store.claim(request).await.unwrap().value
}

#[tokio::test]
async fn a_key_of_another_type_is_corrupt_and_nothing_is_written() {
    for (key, other) in [(RECORDS, INDEX), (INDEX, RECORDS)] {
        let server = Redis::start().unwrap();
        let store = open(&server).await;
        server.command(&["SET", key, "text"]).unwrap();
        let error = store.insert(task("a")).await.unwrap_err();
        assert_eq!((error.kind, error.outcome), (StoreErrorKind::Corrupt, Outcome::NotApplied));
        let claiming = ClaimRequest::new(vec!["queue".to_owned()], "worker", 1, MINUTE);
        assert_eq!(store.claim(claiming).await.unwrap_err().kind, StoreErrorKind::Corrupt);
        let listing = store.list_tasks(&OwnerFilter::Any, None, PageRequest::default()).await;
        assert_eq!(listing.unwrap_err().kind, StoreErrorKind::Corrupt);
        assert_eq!(server.command(&["EXISTS", other]).unwrap().trim(), "0", "{other}");
    }
}

#[tokio::test]
async fn a_damaged_head_is_corrupt_and_its_neighbours_are_not() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    insert(&store, task("whole")).await;
    let head = insert(&store, task("damaged")).await;
    for damage in ["", "x", "\u{1}half of a head"] {
        server.command(&["HSET", RECORDS, "hdamaged", damage]).unwrap();
        let id = TaskId::new("damaged");
        let read = store.get(std::slice::from_ref(&id), &OwnerFilter::Any, Part::All).await;
        assert_eq!(read.unwrap_err().kind, StoreErrorKind::Corrupt, "{damage:?}");
        let guard = Guard { version: head.version, token: None };
        let request = |id: &str| ReplaceRequest::new(TaskId::new(id), guard, 1, "new".into(), Then::KeepLease);
        let both = join_all([store.replace(request("damaged")), store.replace(request("whole"))]).await;
        assert_eq!(both[0].as_ref().unwrap_err().kind, StoreErrorKind::Corrupt, "{damage:?}");
        assert!(both[1].is_ok(), "{:?}", both[1]);
    }
}

#[tokio::test]
async fn tokens_rise_although_the_counter_is_lost() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    insert(&store, task("a")).await;
    insert(&store, task("b")).await;
    let before = claim(&store, 1).await.tasks[0].head.lease.clone().unwrap().token;
    // As on a replica that was promoted before it heard of the last claims.
    server.command(&["HDEL", RECORDS, "n"]).unwrap();
    tokio::time::sleep(Duration::from_millis(2)).await;
    let after = claim(&store, 1).await.tasks[0].head.lease.clone().unwrap().token;
    assert!(after > before, "{after:?} after {before:?}");
}

#[tokio::test]
async fn a_claim_passes_many_expired_tasks_in_bounded_steps() {
    let (server, clock) = (Redis::start().unwrap(), Arc::new(ManualClock::default()));
    let store = at(&server, &clock).await;
    join_all((0..3_000).map(|index| {
        let mut mortal = task(format!("mortal-{index}"));
        mortal.ttl = Some(MINUTE);
        insert(&store, mortal)
    }))
    .await;
    clock.advance(MINUTE);
    insert(&store, task("alive")).await;
    let mut claims = 1;
    let claimed = loop {
        let claimed = claim(&store, 1).await;
        if !claimed.tasks.is_empty() {
            break claimed;
        }
        assert_eq!(claimed.next_due, Some(Duration::ZERO), "there may be more");
        claims += 1;
        assert!(claims <= 4, "expired tasks are in the way again");
    };
    assert_eq!(claimed.tasks[0].head.id, TaskId::new("alive"));
    assert!(claims > 1, "one claim went through all of them");
    assert_eq!(store.sweep(SweepBudget { max_rows: 5_000, max_bytes: 1 << 20 }).await.unwrap().removed, 3_000);
}

#[tokio::test]
async fn a_claim_takes_part_of_what_is_too_much_for_one_run_and_says_so() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    join_all((0..100).map(|index| insert(&store, task(format!("small-{index}"))))).await;
    let mut taken = Vec::new();
    while taken.len() < 100 {
        let claimed = claim(&store, 1_000).await;
        assert!(!claimed.tasks.is_empty());
        taken.extend(claimed.tasks.into_iter().map(|record| record.head.id));
        assert_eq!(claimed.next_due == Some(Duration::ZERO), taken.len() < 100, "{} taken", taken.len());
    }
    for index in 0..6 {
        let mut large = task(format!("large-{index}"));
        large.spec = vec![b'x'; 4 << 20].into();
        insert(&store, large).await;
    }
    let first = claim(&store, 10).await;
    assert_eq!((first.tasks.len(), first.next_due), (3, Some(Duration::ZERO)), "of 6 with more than 4 MiB each");
    assert_eq!(claim(&store, 10).await.tasks.len(), 3);
}

#[tokio::test]
async fn a_run_of_many_inserts_treats_them_as_if_they_came_one_by_one() {
    let (server, clock) = (Redis::start().unwrap(), Arc::new(ManualClock::default()));
    let store = at(&server, &clock).await;
    for round in 0..20 {
        let key = format!("key-{round}");
        let mut old = keyed(&format!("old-{round}"), &key);
        old.ttl = Some(MINUTE);
        insert(&store, old).await;
        clock.advance(MINUTE);
        // The id comes back without the key, and the key with another id.
        let (old, new) = (format!("old-{round}"), format!("new-{round}"));
        let first = (0..8).map(|index| insert(&store, task(format!("{round}-{index}"))));
        join_all(first.chain([insert(&store, task(old)), insert(&store, keyed(&new, &key))])).await;
        match store.insert(keyed("third", &key)).await.unwrap().value {
            InsertOutcome::Existing(found) => assert_eq!(found.head.id, TaskId::new(new)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_progress_write_does_not_write_the_request_again() {
    let server = Redis::start().unwrap();
    let store = open(&server).await;
    let mut large = task("large");
    large.spec = vec![b'x'; 256 << 10].into();
    let mut version = insert(&store, large).await.version;
    // The append-only file: what a write costs on the device, and on the way to a replica.
    let written = || {
        let info = server.command(&["INFO", "persistence"]).unwrap();
        let size = info.lines().find_map(|line| line.strip_prefix("aof_current_size:")).unwrap();
        size.trim().parse::<u64>().unwrap()
    };
    let before = written();
    for _ in 0..50 {
        let guard = Guard { version, token: None };
        let request = ReplaceRequest::new(TaskId::new("large"), guard, 0, vec![b'y'; 256].into(), Then::KeepLease);
        match store.replace(request).await.unwrap().value {
            fastestmcp_core::task::ReplaceOutcome::Replaced(head) => version = head.version,
            other => panic!("{other:?}"),
        }
    }
    let each = (written() - before) / 50;
    assert!(each < 1_024, "{each} bytes for a progress write of 256");
}

#[tokio::test]
async fn what_this_release_stores_of_tasks_is_what_format_1_is() {
    let (server, clock) = (Redis::start().unwrap(), Arc::new(ManualClock::default()));
    let namespace = Namespace::new("a:{b}").unwrap();
    let store = RedisStore::open_with(config(&server).clock(clock).namespace(namespace)).await.unwrap();
    let mut first = keyed("first", "key");
    (first.session, first.ttl, first.status) = (Some("session".to_owned()), Some(MINUTE), 3);
    insert(&store, first).await;
    insert(&store, task("")).await;
    assert_eq!(claim(&store, 1).await.tasks.len(), 1);
    let dump = server.command(&["EVAL", DUMP, "0"]).unwrap();
    let tasks: Vec<&str> =
        dump.lines().skip_while(|line| !line.contains(":tasks}")).take_while(|line| !line.contains(":wake")).collect();
    let golden = include_str!("../golden/format_1_tasks.txt");
    assert!(tasks.join("\n").trim() == golden.trim(), "stored:\n{dump}\nformat 1:\n{golden}");
}
