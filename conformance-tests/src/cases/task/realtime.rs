//! The clock that the backend uses in production (G10).

use fastestmcp_core::task::{ReplaceOutcome, Then};
use futures_util::future::try_join_all;

use super::steps::{HOUR, head, insert, queue, replace, task, unheld};
use crate::brink::{AT_ONCE, LIFE, on_the_brink};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;

cases! { Task, "task.realtime";
    "G10": a_task_that_its_outcome_kept_alive_was_never_found_gone,
}

/// A write that reads the clock in time may be committed late: who reads past it sees only a deadline that is over.
async fn a_task_that_its_outcome_kept_alive_was_never_found_gone(scene: &Scene) -> CaseResult {
    let scene = scene.in_production().await?;
    let (tasks, other) = (scene.tasks(0).await?, scene.tasks(1).await?);
    let queue = queue(&scene);
    for _ in 0..scene.times(8) {
        let one = async |_| {
            let mut mortal = task(&scene, &queue);
            mortal.ttl = Some(LIFE);
            let made = insert(&tasks, mortal).await?;
            let saver = tasks.clone();
            let end = replace(&made.id, unheld(made.version), 1, Then::Terminal { retain: HOUR });
            let save = async move { Ok(matches!(saver.replace(end).await?.value, ReplaceOutcome::Replaced(_))) };
            on_the_brink(&scene, "a task", save, async || Ok(head(&other, &made.id).await?.is_some())).await
        };
        try_join_all((0..AT_ONCE).map(one)).await?;
    }
    Ok(())
}
