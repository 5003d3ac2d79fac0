//! A write that reads the clock in time and is committed late: nobody may find expired meanwhile what it keeps alive.

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{Part, TaskBackend};
use fastestmcp_core::time::ManualClock;

use crate::scene::{Scene, task};

const TTL: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_a_terminal_write_retains_is_read_and_listed() {
    let clock = Arc::new(ManualClock::default());
    let scene = Scene::with("in_time", |config| config.clock(clock.clone())).await;
    let mut mortal = task("mortal", "q");
    mortal.ttl = Some(TTL);
    scene.store.insert(mortal).await.unwrap();
    let held = scene.claim("q", 1).await.remove(0).head;
    let (version, token) = (held.version.0, held.lease.unwrap().token.0);
    let at = scene.number("SELECT last_value FROM SCHEMA.clock_1");
    let replace = format!(
        "SELECT outcome FROM SCHEMA.task_replace({at}, 1, ARRAY['mortal']::bytea[], ARRAY[{version}], ARRAY[{token}], \
         ARRAY[3]::smallint[], ARRAY['done']::bytea[], ARRAY[3]::smallint[], ARRAY[3600000], 1000)"
    );
    let hold = format!("BEGIN; SELECT SCHEMA.clock_inject(1); {replace}; SELECT pg_sleep(1); COMMIT");
    let (server, hold) = (scene.server, hold.replace("SCHEMA", scene.schema));
    let holder = std::thread::spawn(move || server.psql(&hold).unwrap());
    while scene.psql(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%in_time.clock_inject%' AND wait_event = 'PgSleep'",
    ) != "1"
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    clock.advance(TTL * 2);
    let ids = [held.id];
    let (read, listed) = tokio::join!(
        scene.store.get(&ids, &OwnerFilter::Any, Part::All),
        scene.store.list_tasks(&OwnerFilter::Any, Some(3), PageRequest::first(PageLimit::default()))
    );
    assert_eq!(holder.join().unwrap().lines().last(), Some("0"), "the write was applied");
    let read = read.unwrap().value.remove(0).unwrap();
    assert_eq!((read.head.status, read.state.as_deref()), (3, Some(&b"done"[..])));
    assert_eq!(listed.unwrap().value.items, [read.head]);
}
