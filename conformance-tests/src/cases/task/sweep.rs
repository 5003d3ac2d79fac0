//! Removing what is expired (G14).

use fastestmcp_core::backend::SweepBudget;

use super::steps::{HOUR, MS, due_task, insert, must_head, record, task};
use crate::broom::{sweep_all, sweep_together};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Task, "task.sweep";
    "G14": it_removes_expired_tasks_and_nothing_else,
    "G14": it_reports_each_task_once_over_all_nodes,
}

/// How many tasks expire.
const EXPIRED: u64 = 30;

async fn rubbish(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    for _ in 0..EXPIRED {
        let mut mortal = task(scene, "q");
        mortal.ttl = Some(HOUR);
        insert(&tasks, mortal).await?;
    }
    Ok(())
}

async fn it_removes_expired_tasks_and_nothing_else(scene: &Scene) -> CaseResult {
    let tasks = scene.tasks(0).await?;
    rubbish(scene).await?;
    let kept = due_task(scene, &tasks, "q").await?;
    scene.advance(HOUR - MS);
    scene.same("removed 1 ms too early", &sweep_all(scene, &tasks, SweepBudget::default()).await?, &0);
    scene.advance(MS);
    let removed = sweep_all(scene, &tasks, SweepBudget { max_rows: 7, max_bytes: 1 << 20 }).await?;
    scene.check(removed >= EXPIRED, || format!("{removed} removed of {EXPIRED} expired"));
    scene.same("a sweep of what is clean", &sweep_all(scene, &tasks, SweepBudget::default()).await?, &0);
    scene.same("the task that lives", &must_head(&tasks, &kept.id).await?, &kept);
    scene.check(record(&tasks, &kept.id).await?.is_some_and(|record| record.spec.is_some()), || {
        "its spec is gone".into()
    });
    Ok(())
}

async fn it_reports_each_task_once_over_all_nodes(scene: &Scene) -> CaseResult {
    rubbish(scene).await?;
    scene.advance(HOUR);
    let alone = sweep_all(scene, &scene.tasks(0).await?, SweepBudget::default()).await?;
    let scene = scene.another().await?;
    rubbish(&scene).await?;
    scene.advance(HOUR);
    let mut nodes = Vec::new();
    for node in 0..scene.nodes() {
        nodes.push(scene.tasks(node).await?);
    }
    let together = sweep_together(nodes, SweepBudget { max_rows: 4, max_bytes: 1 << 20 }).await?;
    scene.same("tasks removed of the same data by all nodes at once, and by one", &together, &alone);
    Ok(())
}
