//! A file is complete by itself after an orderly end (R7).

use std::fs;

use fastestmcp_core::backend::Backend;
use fastestmcp_core::error::StoreErrorKind;
use fastestmcp_core::event::EventLog;

use crate::child::Process;
use crate::file::{File, get, open, put, raw};

/// Copies the file alone, as somebody would who makes a backup, and reads it.
async fn assert_complete(file: &File, id: &str, how: &str) {
    let log = fs::metadata(file.path().with_extension("db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "{how}: the log is empty or gone");
    let copy = File::new();
    fs::copy(file.path(), copy.path()).unwrap();
    copy.assert_sound();
    let store = open(copy.quick()).await;
    assert!(get(&store, id).await.is_some(), "{how}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_file_is_complete_also_while_others_have_it_open() {
    let file = File::new();
    let (store, other) = (open(file.config()).await, open(file.config()).await);
    let _listening = other.listen().await.unwrap();
    put(&store, "s", vec![1; 100_000]).await.unwrap();
    store.close().await.unwrap();
    assert_complete(&file, "s", "closed").await;
    store.close().await.unwrap();
    put(&other, "t", "v").await.unwrap();
    let (again, once_more) = (other.clone(), other.clone());
    let (first, second) = tokio::join!(again.close(), once_more.close());
    first.unwrap();
    second.unwrap();
    assert_complete(&file, "t", "closed twice at once").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_that_a_reader_hinders_says_so_and_loses_nothing() {
    let file = File::new();
    let store = open(file.config().timeout(std::time::Duration::from_secs(1))).await;
    put(&store, "s", "v").await.unwrap();
    let reading = raw(&file.path());
    reading.execute_batch("BEGIN; SELECT * FROM meta").unwrap();
    put(&store, "t", "v").await.unwrap();
    let error = store.close().await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Contention, "{error}");
    assert_eq!(store.close().await.unwrap_err().kind, StoreErrorKind::Contention, "answered as before");
    drop(reading);
    let store = open(file.config()).await;
    assert!(get(&store, "t").await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_last_clone_completes_the_file_too() {
    for _ in 0..5 {
        let file = File::new();
        let store = open(file.config()).await;
        put(&store, "s", vec![1; 100_000]).await.unwrap();
        drop(store);
        assert_complete(&file, "s", "dropped").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_after_dropping_its_store_leaves_a_complete_file() {
    for _ in 0..5 {
        let file = File::new();
        let mut other = Process::start("writes_and_ends", &file.path());
        assert_eq!(other.says().as_deref(), Some("written"));
        assert_eq!(other.says(), None);
        assert_complete(&file, "written", "ended").await;
    }
}
