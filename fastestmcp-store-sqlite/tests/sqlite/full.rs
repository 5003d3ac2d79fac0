use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::backend::{Backend, SweepBudget};
use fastestmcp_core::error::{Outcome, StoreError, StoreErrorKind};
use fastestmcp_core::event::{EventLog, Keep};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::session::SessionStateStore;
use fastestmcp_core::task::{NewTask, TaskBackend};
use fastestmcp_store_sqlite::SqliteStore;

use crate::file::{File, HOUR, get, open, put, session};

/// One of three kinds of write, all of about a page.
async fn write(store: &SqliteStore, index: usize) -> Result<(), StoreError> {
    let value = Bytes::from(vec![u8::try_from(index % 251).unwrap(); 3_000]);
    match index % 3 {
        0 => put(store, &index.to_string(), value).await,
        1 => {
            let task = NewTask::new(TaskId::new(index.to_string()), Owner::new("o"), "q", value, Bytes::new());
            store.insert(task).await.map(drop)
        }
        _ => store.append("topic", vec![value], Keep::new(1_000, HOUR)).await.map(drop),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_at_the_nth_write_is_typed_and_harmless() {
    let empty = {
        let file = File::new();
        open(file.quick()).await.close().await.unwrap();
        std::fs::metadata(file.path()).unwrap().len()
    };
    for n in 1..=200 {
        let file = File::new();
        let store = open(file.quick().max_file_bytes(empty + n * 4_096)).await;
        let mut written = 0;
        let error = loop {
            match write(&store, written).await {
                Ok(()) => written += 1,
                Err(error) => break error,
            }
            assert!(written < 1_000, "the bound of {n} pages has no effect");
        };
        assert_eq!((error.kind, error.outcome), (StoreErrorKind::StorageFull, Outcome::NotApplied), "{error}");
        for index in (0..written).filter(|index| index % 3 == 0) {
            assert_eq!(get(&store, &index.to_string()).await.map(|value| value.len()), Some(3_000), "{n}: {index}");
        }
        if written > 0 {
            assert!(store.delete_scope(&session("0")).await.unwrap().value);
            store.sweep(SweepBudget::default()).await.unwrap();
            put(&store, "again", "small").await.unwrap();
            assert!(get(&store, "again").await.is_some(), "it recovers without a restart");
        }
        store.close().await.unwrap();
        file.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_fails_in_a_group_leaves_its_neighbours_alone() {
    let file = File::new();
    let store = open(file.quick().max_file_bytes(1 << 20).timeout(Duration::from_secs(20))).await;
    put(&store, "s", "v").await.unwrap();
    let lock = file.raw();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    // All wait for the lock, so they share a transaction, and the large ones break it.
    let waiting: Vec<_> = (0..32)
        .map(|index| {
            let store = store.clone();
            let size = if index % 8 == 5 { 2 << 20 } else { 100 };
            tokio::spawn(async move { put(&store, &format!("n{index}"), vec![1; size]).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    lock.execute_batch("COMMIT").unwrap();
    for (index, outcome) in waiting.into_iter().enumerate() {
        let outcome = outcome.await.unwrap();
        if index % 8 == 5 {
            assert_eq!(outcome.unwrap_err().kind, StoreErrorKind::StorageFull, "{index}");
            assert_eq!(get(&store, &format!("n{index}")).await, None);
        } else {
            outcome.unwrap();
            assert!(get(&store, &format!("n{index}")).await.is_some(), "{index}");
        }
    }
    store.close().await.unwrap();
    file.assert_sound();
}
