//! Files that are taken away under a running store: noticed, told, and never written to.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use fastestmcp_core::backend::Backend;
use fastestmcp_core::error::{Outcome, StoreErrorKind};
use fastestmcp_store_sqlite::SqliteStore;

use crate::file::{File, get, open, put};

/// Waits for the store to notice, and for its words.
async fn noticed(store: &SqliteStore) -> String {
    for round in 0..200 {
        match put(store, &format!("late{round}"), "v").await {
            Err(error) if error.kind == StoreErrorKind::Unavailable => {
                assert_eq!(error.outcome, Outcome::NotApplied);
                let error = store.ping().await.unwrap_err();
                assert_eq!(error.kind, StoreErrorKind::Unavailable, "reads are refused, too");
                return error.to_string();
            }
            // Also right, if SQLite itself finds it first.
            Err(error) if error.kind == StoreErrorKind::Corrupt => {}
            Err(error) => panic!("{error}"),
            Ok(()) => {}
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody noticed");
}

async fn filled(file: &File) -> SqliteStore {
    let store = open(file.quick()).await;
    for index in 0..50 {
        put(&store, &format!("s{index}"), vec![1; 10_000]).await.unwrap();
    }
    // Moved into the file, so that it has a size to lose.
    file.raw().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    // The store has looked at least once.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_moved_away_is_missed_and_welcome_back() {
    let file = File::new();
    let store = filled(&file).await;
    let elsewhere = file.path().with_file_name("elsewhere.db");
    fs::rename(file.path(), &elsewhere).unwrap();
    let told = noticed(&store).await;
    assert!(told.contains("state.db was deleted or moved away"), "{told}");
    fs::rename(&elsewhere, file.path()).unwrap();
    for _ in 0..200 {
        if put(&store, "again", "v").await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(get(&store, "again").await.is_some());
    store.close().await.unwrap();
    file.assert_sound();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_deleted_replaced_or_truncated_is_noticed() {
    type Harm = (&'static str, fn(PathBuf));
    let harms: [Harm; 4] = [
        ("state.db was deleted", |path| fs::remove_file(path).unwrap()),
        ("state.db was replaced", |path| {
            let copy = path.with_file_name("copy.db");
            fs::copy(&path, &copy).unwrap();
            fs::rename(copy, path).unwrap();
        }),
        ("state.db was truncated", |path| fs::File::options().write(true).open(path).unwrap().set_len(0).unwrap()),
        ("state.db was truncated", |path| {
            // In another process: closing it here would take SQLite's locks away.
            let status = std::process::Command::new("truncate").arg("-s").arg("40960").arg(path).status();
            assert!(status.unwrap().success());
        }),
    ];
    let tried = harms.map(|(words, harm)| {
        tokio::spawn(async move {
            let file = File::new();
            let store = filled(&file).await;
            harm(file.path());
            let told = noticed(&store).await;
            assert!(told.contains(words), "{words}: {told}");
            store.close().await.unwrap_err();
        })
    });
    for tried in tried {
        tried.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_deleted_log_holds_is_moved_into_the_file_at_the_end() {
    let file = File::new();
    let store = filled(&file).await;
    put(&store, "before", "v").await.unwrap();
    fs::remove_file(file.path().with_extension("db-wal")).unwrap();
    let acknowledged = put(&store, "unnoticed", "v").await.is_ok();
    let told = noticed(&store).await;
    assert!(told.contains("state.db-wal was deleted"), "{told}");
    store.close().await.unwrap();
    file.assert_sound();
    let again = open(file.quick()).await;
    assert!(get(&again, "before").await.is_some());
    assert_eq!(get(&again, "unnoticed").await.is_some(), acknowledged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_vacuumed_is_no_loss() {
    let file = File::new();
    let store = filled(&file).await;
    for index in 0..50 {
        use fastestmcp_core::session::SessionStateStore;
        store.delete_scope(&crate::file::session(&format!("s{index}"))).await.unwrap();
    }
    store.sweep(fastestmcp_core::backend::SweepBudget::default()).await.unwrap();
    let before = fs::metadata(file.path()).unwrap().len();
    file.raw().execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    assert!(fs::metadata(file.path()).unwrap().len() < before);
    for round in 0..6 {
        put(&store, &format!("after{round}"), "v").await.unwrap();
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    store.close().await.unwrap();
    file.assert_sound();
}
