use fastestmcp_core::backend::Backend;
use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::event::{EventLog, Wake};
use fastestmcp_core::session::{SessionStateStore, SessionStateStoreExt, Update};
use fastestmcp_store_sqlite::SqliteStore;
use futures_util::StreamExt;

use crate::child::Process;
use crate::file::{CREATE, File, get, open, session};

/// Increments one key, by compare-and-set.
pub(crate) async fn count(store: &SqliteStore, times: u64) {
    for _ in 0..times {
        let next = |entry: Option<&fastestmcp_core::session::Entry>| {
            let before = entry.map_or(0, |entry| u64::from_be_bytes(entry.value[..].try_into().unwrap()));
            Ok::<_, std::convert::Infallible>(Bytes::copy_from_slice(&(before + 1).to_be_bytes()))
        };
        let scope = session("counter");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        let update = Update { scope: &scope, rule: CREATE, key: "n", touch: None, deadline };
        store.update(update, next).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_lose_no_increment_and_wake_each_other() {
    let file = File::new();
    let store = open(file.config()).await;
    // A second handle must not cost the first one its locks, or the other process would remove the log when it ends.
    let second = open(file.config()).await;
    let mut wakes = store.listen().await.unwrap();
    let mut other = Process::start("counts_to_two_hundred", &file.path());
    assert_eq!(other.says().as_deref(), Some("ready"));
    count(&store, 200).await;
    let woken = tokio::time::timeout(Duration::from_secs(30), wakes.next()).await.unwrap();
    assert_eq!(woken, Some(Wake::Channel("counted".into())));
    assert_eq!(other.says().as_deref(), Some("done"));
    let log = file.path().with_extension("db-wal");
    assert!(std::fs::exists(log).unwrap(), "the other process took the log away");
    count(&second, 1).await;
    second.close().await.unwrap();
    count(&store, 1).await;
    store.close().await.unwrap();
    let again = open(file.config()).await;
    let loaded = again.load(&session("counter"), &["n"], None).await.unwrap().value;
    assert_eq!(loaded.entries[0].as_ref().unwrap().value[..], 402u64.to_be_bytes());
    again.close().await.unwrap();
    file.assert_sound();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_was_told_is_stored_is_there_and_nothing_is_torn() {
    let file = File::new();
    let mut acknowledged = BTreeSet::new();
    for round in 0..5 {
        let mut writer = Process::start("writes_until_it_is_killed", &file.path());
        for _ in 0..(20 + 30 * round) {
            acknowledged.insert(writer.says().expect("it writes until it is killed"));
        }
        writer.kill();
        // What it said before it died and was not read yet counts, too.
        acknowledged.extend(std::iter::from_fn(|| writer.says()));
        let store = open(file.config()).await;
        for id in &acknowledged {
            assert_eq!(get(&store, id).await, Some(Bytes::from(id.clone())), "acknowledged");
            let loaded = store.load(&session(id), &["second"], None).await.unwrap().value;
            assert_eq!(loaded.entries[0].as_ref().unwrap().value.len(), 2_000);
        }
        store.close().await.unwrap();
        file.assert_sound();
        let torn: i64 = file
            .raw()
            .query_row(
                "SELECT count(*) FROM (SELECT scope FROM entry GROUP BY scope HAVING count(*) <> 2)",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(torn, 0, "commits are whole or absent");
    }
    assert!(acknowledged.len() >= 100);
}
