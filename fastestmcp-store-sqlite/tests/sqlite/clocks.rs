use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::backend::Backend;
use fastestmcp_core::time::{ManualClock, StoreTime};

use crate::file::{File, HOUR, get, open, put};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_whose_clock_is_behind_takes_the_time_from_the_file() {
    let file = File::new();
    let (ahead, behind) = (Arc::new(ManualClock::default()), Arc::new(ManualClock::default()));
    ahead.advance(2 * HOUR);
    let first = open(file.quick().clock(ahead.clone())).await;
    let second = open(file.quick().clock(behind)).await;
    put(&first, "s", "v").await.unwrap();
    assert_eq!(first.ping().await.unwrap(), second.ping().await.unwrap());
    ahead.advance(HOUR);
    put(&first, "other", "v").await.unwrap();
    assert_eq!(get(&second, "s").await, None, "expired for both at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn store_time_never_goes_back_with_the_clock_nor_over_a_restart() {
    let file = File::new();
    let clock = Arc::new(ManualClock::default());
    let store = open(file.quick().clock(clock.clone())).await;
    put(&store, "s", "v").await.unwrap();
    let before = store.ping().await.unwrap();
    clock.set(StoreTime::from_millis(before.as_millis() - 3_600_000));
    assert_eq!(store.ping().await.unwrap(), before);
    store.close().await.unwrap();
    let again = open(file.quick().clock(clock.clone())).await;
    assert_eq!(again.ping().await.unwrap(), before);
    clock.set(before.after(Duration::from_millis(1)));
    assert_eq!(again.ping().await.unwrap(), before.after(Duration::from_millis(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hosts_clock_is_overruled_by_a_stamp_from_the_future_and_runs_on() {
    let file = File::new();
    let store = open(file.quick()).await;
    put(&store, "s", "v").await.unwrap();
    let host = store.ping().await.unwrap();
    store.close().await.unwrap();
    let ahead = i64::try_from(host.as_millis()).unwrap() + 3_600_000;
    file.raw().execute("UPDATE meta SET stamp = ?1", [ahead]).unwrap();
    let store = open(file.quick()).await;
    let first = store.ping().await.unwrap();
    assert!(first.as_millis() >= u64::try_from(ahead).unwrap());
    assert_eq!(get(&store, "s").await, None, "an hour has passed");
    while store.ping().await.unwrap() == first {
        tokio::task::yield_now().await;
    }
}
