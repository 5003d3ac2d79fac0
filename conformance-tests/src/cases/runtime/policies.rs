//! What a tool says about its tasks, and what they do: which runs first, and whether it runs again (T4, T6).

use std::sync::Arc;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use parking_lot::Mutex;

use super::steps::{MS, SECOND, held};
use crate::case::cases;
use crate::halt::CaseResult;
use crate::scene::Scene;
use crate::stage::{Fault, LEASE, Probe, Stage, caller, me, reason, text};

cases! { Runtime, "runtime.policies";
    "T4": what_is_more_urgent_runs_first,
    "T6": a_tool_runs_again_only_if_it_is_harmless_or_says_so,
}

async fn what_is_more_urgent_runs_first(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let order = Arc::new(Mutex::new(Vec::new()));
    let tool = |priority: u8| {
        let run = async |order: Arc<Mutex<Vec<u8>>>, cx: Context, _: NoArgs| {
            order.lock().push(cx.tool().as_bytes()[1] - b'0');
            Ok("done")
        };
        Tool::with_state(format!("p{priority}"), order.clone(), run).task(TaskPolicy::required().priority(priority))
    };
    let replica = stage.replica(0).config(|config| config.worker_slots(1)).tools((0..=9).map(tool)).front().await?;
    let mut tasks = Vec::new();
    for priority in [5, 0, 9, 3, 5, 7, 1, 9, 8, 2, 6, 4] {
        tasks.push(replica.submit(&caller(me()), &format!("p{priority}")).await?.id);
    }
    // The order is that of what has been due for a while.
    stage.pass(SECOND + MS * 20).await;
    replica.runtime.start();
    for id in &tasks {
        stage.in_time("its end", replica.outcome(&caller(me()), id)).await??;
    }
    scene.same("the order of runs", &*order.lock(), &vec![9, 9, 8, 7, 6, 5, 5, 4, 3, 2, 1, 0]);
    Ok(())
}

async fn a_tool_runs_again_only_if_it_is_harmless_or_says_so(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let required = TaskPolicy::required;
    let probes: [Probe; 6] = std::array::from_fn(|_| Probe::default());
    let tools = || {
        [
            held("plain", &probes[0], required()),
            held("read_only", &probes[1], required()).read_only(),
            held("idempotent", &probes[2], required()).idempotent(),
            held("never", &probes[3], required().never_rerun()).idempotent(),
            held("again", &probes[4], required().rerun()),
            held("destructive", &probes[5], required()).destructive(true),
        ]
    };
    let lost = stage.replica(0).tools(tools()).start().await?;
    let mut tasks = Vec::new();
    for tool in tools() {
        tasks.push(lost.submit(&caller(me()), tool.name()).await?.id);
    }
    stage.until(SECOND, "their starts", async || Ok(probes.iter().all(|probe| probe.starts() == 1))).await?;
    // It is never heard of again.
    lost.faults.set("claim", Fault::Hang);
    lost.faults.set("renew", Fault::Hang);
    lost.faults.set("replace", Fault::Hang);
    let other = stage.replica(1).tools(tools()).start().await?;
    for ((id, probe), again) in tasks.iter().zip(&probes).zip([false, true, true, false, true, false]) {
        if again {
            let started = async || Ok(probe.starts() == 2);
            stage.until(LEASE + SECOND * 2 + MS * 50, "a second start", started).await?;
            probe.let_one_through();
            probe.let_one_through();
        }
        let outcome = stage.in_time("an outcome", other.outcome(&caller(me()), id)).await??;
        let is = if again { text(&outcome) == Some("done") } else { reason(&outcome) == Some("worker lost") };
        scene.check(is, || format!("a tool that runs again: {again}, ended with {outcome:?}"));
        scene.same("starts", &probe.starts(), &(1 + usize::from(again)));
    }
    Ok(())
}
