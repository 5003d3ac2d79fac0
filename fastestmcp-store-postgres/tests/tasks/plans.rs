use std::time::Duration;

use fastestmcp_core::ids::TaskId;
use fastestmcp_core::page::{PageLimit, PageRequest};
use fastestmcp_core::principal::{Owner, OwnerFilter};
use fastestmcp_core::task::{Idempotency, Part, TaskBackend, Then};

use crate::scene::{LEASE, Scene, task};

/// Often enough for the server to settle for plans that do not depend on arguments.
const REPEATS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_reads_a_whole_table_also_if_it_was_empty_when_it_was_planned() {
    let scene = Scene::new("plans").await;
    let everything = async |round: usize| {
        let mut new = task(&format!("round-{round}"), "plans");
        (new.quota, new.ttl) = (Some(1_000_000), Some(LEASE));
        new.idempotency = Some(Idempotency { key: round.to_string(), digest: "d".into() });
        scene.store.insert(new.clone()).await.unwrap();
        scene.store.insert(new).await.unwrap();
        for held in scene.claim("plans", 2).await {
            let token = held.head.lease.as_ref().unwrap().token;
            scene.store.renew(&[(held.head.id.clone(), token)], LEASE).await.unwrap();
            scene.replace(&held.head, Then::Terminal { retain: LEASE * 2 }).await;
        }
        let ids = [TaskId::new(format!("round-{round}")), TaskId::new("none")];
        scene.store.get(&ids, &OwnerFilter::Any, Part::All).await.unwrap();
        let page = || PageRequest::first(PageLimit::new(3).unwrap());
        for filter in [OwnerFilter::Any, OwnerFilter::Is(Owner::new("owner"))] {
            for status in [None, Some(0)] {
                scene.store.list_tasks(&filter, status, page()).await.unwrap();
            }
        }
        fastestmcp_core::backend::Backend::sweep(&scene.store, Default::default()).await.unwrap();
    };
    for round in 0..REPEATS {
        everything(round).await;
    }
    scene.fill("other", 2_000, |_| {}).await;
    for round in REPEATS..REPEATS * 2 {
        everything(round).await;
    }
    scene.settle().await;
    let whole = "SELECT coalesce(string_agg(relname || ' ' || seq_tup_read, ', '), '') FROM pg_stat_user_tables \
                 WHERE schemaname = 'SCHEMA' AND relname LIKE 'task%' AND seq_tup_read > 0";
    assert_eq!(scene.psql(whole), "");
}

/// Pages that a claim of one task touches.
fn pages_of_a_claim(scene: &Scene, queue: &str) -> u64 {
    let levels: Vec<String> = (0..10).rev().map(|level: i32| level.to_string()).collect();
    let queues = vec![format!("'{queue}'"); 10].join(",");
    let marks = ["0"; 10].join(",");
    let claim = format!(
        "SELECT fastestmcp_claim.item FROM SCHEMA.task_claim(NULL, 1, ARRAY[{queues}]::bytea[], \
         ARRAY[{}]::smallint[], ARRAY[{marks}]::bigint[], 'w', 1, 1000, 1000, false) AS fastestmcp_claim",
        levels.join(",")
    );
    let settings = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
    // The first one reads the catalog.
    let explained = scene.psql(&format!("{settings}; {claim}; EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {claim}"));
    let pages = explained.split("shared hit=").nth(1).and_then(|rest| rest.split([' ', '\n']).next());
    pages.unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_delayed_tasks_nor_a_long_queue_cost_a_claim_pages() {
    let scene = Scene::new("depth").await;
    scene.fill("few", 100, |_| {}).await;
    scene.fill("delayed", 100, |_| {}).await;
    let delayed = |task: &mut fastestmcp_core::task::NewTask| {
        (task.id, task.priority) = (TaskId::new(format!("{} later", task.id)), 9);
        task.delay = Duration::from_secs(86_400);
    };
    scene.fill("delayed", 3_000, delayed).await;
    scene.fill("many", 3_000, |_| {}).await;
    let few = pages_of_a_claim(&scene, "few");
    for queue in ["delayed", "many"] {
        let pages = pages_of_a_claim(&scene, queue);
        // An index that holds thirty times as much is one level deeper.
        assert!(pages <= few * 3 / 2, "{queue}: {pages} pages, with a few tasks {few}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_of_an_owner_reads_no_rows_of_others() {
    let scene = Scene::new("listing").await;
    let (mine, page) = (OwnerFilter::Is(Owner::new("me")), || PageRequest::first(PageLimit::new(10).unwrap()));
    for _ in 0..REPEATS {
        scene.store.list_tasks(&mine, None, page()).await.unwrap();
    }
    scene.fill("mine", 5, |task| task.owner = Owner::new("me")).await;
    scene.fill("theirs", 500, |_| {}).await;
    let listed = scene.store.list_tasks(&mine, None, page()).await.unwrap().value;
    assert_eq!((listed.items.len(), listed.next), (5, None));
    scene.settle().await;
    let read = "SELECT string_agg(indexrelname || ' ' || idx_tup_read, ', ') FROM pg_stat_user_indexes \
                WHERE schemaname = 'SCHEMA' AND indexrelname LIKE 'task_listing%' AND idx_tup_read > 0";
    assert_eq!(scene.psql(read), "task_listing_owner 5");
}
