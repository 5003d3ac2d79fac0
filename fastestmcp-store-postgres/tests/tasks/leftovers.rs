use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fastestmcp_core::task::{NewTask, ReplaceOutcome, TaskBackend, Then};
use fastestmcp_core::time::ManualClock;

use crate::scene::{Scene, task};

#[tokio::test(flavor = "multi_thread")]
async fn a_progress_write_stays_off_the_indexes_and_the_spec() {
    const WRITES: u64 = 200;
    let scene = Scene::new("progress").await;
    let mut large = task("large", "q");
    large.spec = vec![7; 256 << 10].into();
    scene.store.insert(large).await.unwrap();
    let mut held = scene.claim("q", 1).await.remove(0).head;
    for _ in 0..WRITES {
        match scene.replace(&held, Then::KeepLease).await {
            ReplaceOutcome::Replaced(head) => held = *head,
            other => panic!("a progress write got {other:?}"),
        }
    }
    scene.settle().await;
    let hot = |table: &str| {
        scene.number(&format!(
            "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = 'SCHEMA' AND relname = '{table}'"
        ))
    };
    for table in ["task_head", "task_state"] {
        assert!(hot(table) >= WRITES * 9 / 10, "{} of {WRITES} writes to {table} stayed on their page", hot(table));
    }
    let specs = "SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE schemaname = 'SCHEMA' AND relname = ";
    assert_eq!((scene.number(&format!("{specs} 'task_spec'")), scene.number(&format!("{specs} 'task'"))), (1, 1));
}

/// While somebody keeps a snapshot open, the index entries of what was claimed cannot be removed.
#[tokio::test(flavor = "multi_thread")]
async fn claims_do_not_step_over_what_earlier_claims_left_behind() {
    const CLAIMS: usize = 60;
    const BATCH: usize = 50;
    let clock = Arc::new(ManualClock::default());
    let scene = Scene::with("leftovers", |config| config.clock(clock.clone())).await;
    let next = AtomicU64::new(0);
    let one_by_one = |task: &mut NewTask| task.delay = Duration::from_millis(next.fetch_add(1, Ordering::Relaxed));
    scene.fill("q", CLAIMS * BATCH, one_by_one).await;
    clock.advance(Duration::from_secs(10));
    let (server, hold) = (
        scene.server,
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'leftovers' FROM pg_class LIMIT 1; SELECT pg_sleep(4); COMMIT",
    );
    let holder = std::thread::spawn(move || server.psql(hold).unwrap());
    while scene
        .psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%''leftovers''%' AND wait_event = 'PgSleep'")
        != "1"
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..CLAIMS {
        assert_eq!(scene.claim("q", BATCH).await.len(), BATCH);
    }
    holder.join().unwrap();
    scene.settle().await;
    let read =
        "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE schemaname = 'SCHEMA' AND indexrelname = 'task_due'";
    let per_claim = scene.number(read) / CLAIMS as u64;
    // The batch, the look before it and the one after it. Without marks it is some 1,500 entries more, on average.
    assert!(per_claim <= 500, "{per_claim} index entries per claim of {BATCH} tasks");
}
