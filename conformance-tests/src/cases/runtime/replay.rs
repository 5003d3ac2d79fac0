//! What a task finds again when it runs again (T15).

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::{Context, ToolError};

use super::questions::{accept, answer, asking, open, outcome};
use super::steps::{HOUR, MS, SECOND};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;
use crate::stage::{LEASE, Probe, Stage, caller, me, text};

cases! { Runtime, "runtime.replay";
    "T15": answers_are_found_again_after_a_lost_worker,
    "T15": what_was_done_once_is_not_done_again_and_a_failure_is_not_kept,
    "T15": a_checkpoint_is_durable_before_it_returns,
}

async fn answers_are_found_again_after_a_lost_worker(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || asking("ask", &probe, &["one", "other"], TaskPolicy::required().rerun());
    let other = stage.replica(1).tools([tool()]).front().await?;
    let lost = stage.replica(0).config(|config| config.park_after(HOUR)).tools([tool()]).start().await?;
    let id = other.submit(&caller(me()), "ask").await?.id;
    open(&stage, &other, &id, &["one"]).await?;
    answer(&other, &id, "one", accept(1)).await?;
    open(&stage, &other, &id, &["other"]).await?;
    lost.faults.go_away();
    other.runtime.start();
    stage.until(LEASE + SECOND * 2, "its second start", async || Ok(probe.starts() >= 2)).await?;
    open(&stage, &other, &id, &["other"]).await?;
    answer(&other, &id, "other", accept(2)).await?;
    scene.same("the answers", &text(&outcome(&stage, &other, &id).await?), &Some("1 2"));
    Ok(())
}

async fn what_was_done_once_is_not_done_again_and_a_failure_is_not_kept(scene: &Scene) -> CaseResult {
    let (stage, kept, failing) = (Stage::open(scene).await?, Probe::default(), Probe::default());
    let state = (kept.clone(), failing.clone());
    let tool = Tool::with_state("once", state, async |(kept, failing): (Probe, Probe), cx: Context, _: NoArgs| {
        let made = cx.once("make", async || Ok(kept.start().number())).await?;
        cx.once(
            "fail",
            async || {
                if failing.start().number() < 2 { Err(ToolError::retry(MS, "again")) } else { Ok(()) }
            },
        )
        .await?;
        Ok(format!("{made}"))
    });
    let replica = stage.replica(0).tools([tool.task(TaskPolicy::required().rerun())]).start().await?;
    let id = replica.submit(&caller(me()), "once").await?.id;
    scene.same("what it made", &text(&outcome(&stage, &replica, &id).await?), &Some("1"));
    scene.same("done once", &kept.starts(), &1);
    scene.same("failed once and done again", &failing.starts(), &2);
    Ok(())
}

async fn a_checkpoint_is_durable_before_it_returns(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || {
        Tool::with_state("step", probe.clone(), async |probe: Probe, cx: Context, _: NoArgs| {
            if let Some(step) = cx.restored::<String>()? {
                return Ok(format!("from {step}"));
            }
            cx.checkpoint("step 7").await?;
            probe.run(&cx).await;
            Ok("from the start".to_owned())
        })
        .task(TaskPolicy::required().rerun())
    };
    let other = stage.replica(1).tools([tool()]).front().await?;
    let lost = stage.replica(0).tools([tool()]).start().await?;
    let id = other.submit(&caller(me()), "step").await?.id;
    stage.until(SECOND * 2, "its checkpoint", async || Ok(probe.starts() == 1)).await?;
    lost.faults.go_away();
    other.runtime.start();
    scene.same("where it goes on", &text(&outcome(&stage, &other, &id).await?), &Some("from step 7"));
    Ok(())
}
