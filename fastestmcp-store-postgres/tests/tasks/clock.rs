use std::time::Duration;

use fastestmcp_core::task::{Renewed, ReplaceOutcome, TaskBackend, Then};

use crate::scene::{LEASE, Scene, task};

const TTL: Duration = Duration::from_millis(400);

/// Runs `operation` while somebody else holds the lock on all tasks until they are expired.
async fn behind_a_lock<T>(scene: &Scene, operation: impl Future<Output = T>) -> T {
    let (server, schema) = (scene.server, scene.schema);
    let hold = format!("BEGIN; SELECT 1 FROM {schema}.task_head FOR UPDATE; SELECT pg_sleep(1); COMMIT");
    let holder = std::thread::spawn(move || server.psql(&hold).unwrap());
    while scene.psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%SCHEMA.task_head FOR UPDATE%' AND wait_event = 'PgSleep'") != "1" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let outcome = operation.await;
    holder.join().unwrap();
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_expires_while_a_write_waits_for_its_lock_is_missing() {
    let scene = Scene::new("clock_replace").await;
    let mut mortal = task("mortal", "q");
    mortal.ttl = Some(TTL);
    scene.store.insert(mortal).await.unwrap();
    let held = scene.claim("q", 1).await.remove(0).head;
    let outcome = behind_a_lock(&scene, scene.replace(&held, Then::Terminal { retain: LEASE })).await;
    assert_eq!(outcome, ReplaceOutcome::Missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_expires_while_a_renewal_waits_for_its_lock_is_lost() {
    let scene = Scene::new("clock_renew").await;
    let mut mortal = task("mortal", "q");
    mortal.ttl = Some(TTL);
    scene.store.insert(mortal).await.unwrap();
    let held = scene.claim("q", 1).await.remove(0).head;
    let token = held.lease.unwrap().token;
    let renewed = behind_a_lock(&scene, scene.store.renew(&[(held.id, token)], LEASE)).await.unwrap();
    assert_eq!(renewed.value, [Renewed::Lost]);
}
