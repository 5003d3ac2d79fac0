//! Whatever is wrong with a row, its neighbours do not notice (G16): every column with every kind of wrong value.

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::backend::{Backend, SweepBudget};
use fastestmcp_core::event::{EventLog, Keep, ReadFrom, TopicRead};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::session::{ScopeKind, SessionStateStore};
use fastestmcp_core::task::{ClaimRequest, NewTask, Part, Renewed, TaskBackend, Token};
use fastestmcp_store_sqlite::SqliteStore;

use crate::file::{File, HOUR, get, open, put, session};
use crate::foreign::write_unchecked;

/// What no column of ours may hold, each wrong for most of them.
const WRONG: [&str; 6] = ["'text'", "x'ff'", "-7", "1.5", "1 << 62", "NULL"];

const COLUMNS: [&str; 16] = [
    "name", "owner", "session", "queue", "priority", "status", "created", "updated", "expires", "open", "due",
    "worker", "token", "version", "claims", "ns",
];

async fn insert(store: &SqliteStore, id: &str) {
    let mut task = NewTask::new(TaskId::new(id), Owner::new("o"), "q", Bytes::from("spec"), Bytes::from("state"));
    (task.ttl, task.session) = (Some(HOUR), Some("s".into()));
    store.insert(task).await.unwrap();
}

/// The ids of all tasks that a walk by `rows` shows.
async fn listed(store: &SqliteStore, filter: &OwnerFilter, status: Option<u8>, rows: usize) -> Vec<String> {
    let limit = PageLimit::new(rows).unwrap();
    let (mut seen, mut request) = (Vec::new(), PageRequest::first(limit));
    for _ in 0..20 {
        let page = store.list_tasks(filter, status, request).await.unwrap().value;
        seen.extend(page.items.into_iter().map(|head| head.id.as_str().to_owned()));
        let Some(next) = page.next else { return seen };
        request = PageRequest::after(limit, next);
    }
    panic!("the walk does not end: {seen:?}");
}

/// Whether the task that is not damaged is listed, claimed, renewed and read as ever.
async fn neighbours_notice_nothing(store: &SqliteStore, what: &str) {
    let mine = OwnerFilter::Is(Owner::new("o"));
    for (filter, status) in [(&OwnerFilter::Any, None), (&mine, None), (&mine, Some(0))] {
        for rows in [1, 100] {
            let mut seen = listed(store, filter, status, rows).await;
            seen.retain(|id| ["a", "c"].contains(&id.as_str()));
            assert_eq!(seen, ["c", "a"], "{what}: {filter:?} {status:?} by {rows}");
        }
    }
    let claim = ClaimRequest::new(vec!["q".into()], "w", 10, HOUR / 2);
    let claimed = store.claim(claim.clone()).await.unwrap().value;
    let mut leases: Vec<(TaskId, Token)> = Vec::new();
    for record in claimed.tasks.iter().filter(|record| ["a", "c"].contains(&record.head.id.as_str())) {
        assert_eq!(record.head.claims, 1, "{what}");
        leases.push((record.head.id.clone(), record.head.lease.as_ref().unwrap().token));
    }
    assert_eq!(leases.len(), 2, "{what}: {claimed:?}");
    assert!(claimed.tasks.len() + claimed.damaged.len() <= 3, "{what}");
    let again = store.claim(claim).await.unwrap().value;
    assert_eq!((again.tasks.len(), again.damaged.len()), (0, 0), "{what}: reported once");
    assert_ne!(again.next_due, Some(Duration::ZERO), "{what}");
    leases.insert(1, (TaskId::new("b"), Token(1)));
    let renewed = store.renew(&leases, HOUR).await.unwrap().value;
    let held: Vec<_> = renewed.iter().map(|renewed| matches!(renewed, Renewed::Held { .. })).collect();
    assert_eq!(held, [true, false, true], "{what}");
    let ids = [TaskId::new("a"), TaskId::new("c")];
    assert!(store.get(&ids, &mine, Part::All).await.unwrap().value.iter().all(Option::is_some), "{what}");
    store.sweep(SweepBudget::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_with_any_wrong_column_stops_nobody() {
    for column in COLUMNS {
        for wrong in WRONG {
            let file = File::new();
            let store = open(file.quick()).await;
            for id in ["a", "b", "c"] {
                insert(&store, id).await;
            }
            let sql = format!("UPDATE task SET {column} = {wrong} WHERE name = CAST('b' AS BLOB)");
            // Some columns refuse some values even so.
            if write_unchecked(&file.path(), "task", &sql, []).is_ok() {
                neighbours_notice_nothing(&store, &sql).await;
            }
            store.close().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_spec_or_state_is_gone_stops_nobody() {
    for table in ["task_spec", "task_state"] {
        let file = File::new();
        let store = open(file.quick()).await;
        for id in ["a", "b", "c"] {
            insert(&store, id).await;
        }
        let row = "(SELECT id FROM task WHERE name = CAST('b' AS BLOB))";
        file.raw().execute_batch(&format!("DELETE FROM {table} WHERE id = {row}")).unwrap();
        neighbours_notice_nothing(&store, table).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scope_or_entry_with_any_wrong_column_stops_nobody() {
    let columns = [
        ("scope", ["name", "created", "expires", "ends", "ns"], "name = CAST('b' AS BLOB)"),
        (
            "entry",
            ["key", "version", "expires", "value", "scope"],
            "scope = (SELECT id FROM scope WHERE name = CAST('b' AS BLOB))",
        ),
    ];
    for (table, columns, damaged) in columns {
        for (column, wrong) in columns.iter().flat_map(|column| WRONG.map(|wrong| (column, wrong))) {
            let file = File::new();
            let store = open(file.quick()).await;
            for id in ["a", "b", "c"] {
                put(&store, id, "v").await.unwrap();
            }
            let sql = format!("UPDATE {table} SET {column} = {wrong} WHERE {damaged}");
            if write_unchecked(&file.path(), table, &sql, []).is_ok() {
                for rows in [1, 100] {
                    let limit = PageLimit::new(rows).unwrap();
                    let (mut seen, mut request) = (Vec::new(), PageRequest::first(limit));
                    loop {
                        let page = store.list_scopes(ScopeKind::Session, request).await.unwrap().value;
                        seen.extend(page.items.into_iter().map(|(scope, _)| scope.id));
                        let Some(next) = page.next else { break };
                        request = PageRequest::after(limit, next);
                    }
                    seen.retain(|id| ["a", "c"].contains(&id.as_str()));
                    assert_eq!(seen, ["a", "c"], "{sql}");
                }
                store.count_scopes(ScopeKind::Session, 10).await.unwrap();
                for id in ["a", "c"] {
                    assert!(get(&store, id).await.is_some(), "{sql}");
                }
                store.sweep(SweepBudget::default()).await.unwrap();
                store.delete_scope(&session("b")).await.unwrap();
                store.sweep(SweepBudget::default()).await.unwrap();
                assert_eq!(get(&store, "b").await, None, "{sql}");
                put(&store, "b", "new").await.unwrap();
            }
            store.close().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_event_or_topic_is_a_gap_for_its_readers_and_nothing_for_others() {
    let keep = Keep::new(10, HOUR);
    let damages = [
        ("event", "UPDATE event SET payload = 'text' WHERE id = (SELECT min(id) + 1 FROM event)"),
        ("topic", "UPDATE topic SET floor = 'text' WHERE name = CAST('broken' AS BLOB)"),
        ("topic", "UPDATE topic SET dies = 0, events = x'ff' WHERE name = CAST('broken' AS BLOB)"),
    ];
    for (table, sql) in damages {
        let file = File::new();
        let store = open(file.quick()).await;
        let events = || vec![Bytes::from("1"), Bytes::from("2"), Bytes::from("3")];
        let start = store.append("broken", events(), keep).await.unwrap().value.start;
        let whole = store.append("whole", events(), keep).await.unwrap().value.start;
        let before =
            |offset: fastestmcp_core::event::Offset| ReadFrom::After(fastestmcp_core::event::Offset(offset.0 - 1));
        write_unchecked(&file.path(), table, sql, []).unwrap();
        let both = [("broken".to_owned(), before(start)), ("whole".to_owned(), before(whole))];
        // Some pages on, the reader has met the gap.
        let (mut from, mut gap) = (both, false);
        for _ in 0..4 {
            let mut read = store.read(&from, 10).await.unwrap().value;
            let TopicRead::Events { items, .. } = read.remove(1) else { panic!("{sql}: the other topic has no gap") };
            assert_eq!(items.len(), 3, "{sql}");
            match read.remove(0) {
                TopicRead::Gap { next, .. } => (gap, from[0].1) = (true, ReadFrom::After(next)),
                TopicRead::Events { next, .. } => from[0].1 = ReadFrom::After(next),
            }
        }
        assert!(gap, "{sql}");
        store.append("whole", events(), keep).await.unwrap();
        store.sweep(SweepBudget::default()).await.unwrap();
        let _ = get(&store, "x").await;
    }
}
