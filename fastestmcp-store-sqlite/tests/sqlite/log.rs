use fastestmcp_core::backend::Backend;
use std::fs;

use crate::file::{File, open, put};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_stays_bounded_under_steady_load() {
    let file = File::new();
    let store = open(file.quick()).await;
    let writing: Vec<_> = (0..16u8)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..150u8 {
                    put(&store, &format!("{caller}"), vec![round; 64 << 10]).await.unwrap();
                }
            })
        })
        .collect();
    let mut largest = 0;
    let log = file.path().with_extension("db-wal");
    while !writing.iter().all(tokio::task::JoinHandle::is_finished) {
        largest = largest.max(fs::metadata(&log).map_or(0, |metadata| metadata.len()));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    for writer in writing {
        writer.await.unwrap();
    }
    assert!(largest <= 64 << 20, "150 MiB written, the log grew to {} MiB", largest >> 20);
    store.close().await.unwrap();
    file.assert_sound();
}
