//! Who waits for what happens elsewhere, though hints of it are lost (T12, E5, T11, R9).

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::event::{Delivery, Keep, ReadFrom};
use fastestmcp_core::operation::{CallError, FollowProgress, WatchTask};
use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::steps::{HOUR, MS, SECOND, held};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Fault, Probe, Replica, Stage, call, caller, me};

cases! { Runtime, "runtime.waits";
    "T12": waiters_on_all_nodes_get_the_same_outcome,
    "T12": a_waiter_hears_of_the_end_at_once,
    "T12": a_lost_wake_up_costs_a_waiter_a_second_at_most,
    "T12": a_waiter_that_gives_up_leaves_nothing_behind,
    "T12": a_waiter_of_what_expires_is_told,
    "T5": a_due_task_is_started_at_once,
    "T5": a_lost_wake_up_costs_a_due_task_a_second_at_most,
    "E5": a_subscriber_hears_every_event_in_order,
    "E5": a_lost_wake_up_costs_a_subscriber_a_second_at_most,
    "E7": a_store_that_was_away_costs_a_subscriber_nothing_but_time,
    "R9": a_wake_up_that_hangs_delays_nobody,
    "R9": an_append_that_hangs_delays_no_task,
    "T11": progress_is_written_twice_a_second_at_most_and_the_last_one_lands,
    "T11": progress_in_detail_reaches_who_asked_for_it,
    "G14": what_has_expired_is_swept,
}

/// What the poll of waiters may add to a second.
const A_SECOND: Duration = Duration::from_millis(1_050);

async fn waiters_on_all_nodes_get_the_same_outcome(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = || held("hold", &probe, TaskPolicy::required());
    let one = stage.replica(0).tools([tool()]).start().await?;
    let other = stage.replica(1).config(|config| config.worker_slots(0)).tools([tool()]).start().await?;
    let id = one.submit(&caller(me()), "hold").await?.id;
    let me = caller(me());
    let waiting = try_join_all((0..6).map(|at| {
        let node = if at % 2 == 0 { &one } else { &other };
        node.outcome(&me, &id)
    }));
    let end = async {
        stage.pass(SECOND / 2).await;
        probe.let_one_through();
    };
    let (outcomes, ()) = stage.in_time("the outcome", async { tokio::join!(waiting, end) }).await?;
    let outcomes = outcomes?;
    scene.check(outcomes.iter().all(|outcome| *outcome == outcomes[0]), || format!("{outcomes:?}"));
    Ok(())
}

/// Whether who waits on one node for a task that runs on another hears of its end within `bound`.
async fn hears_within(stage: &Stage, lose_wake_ups: bool, bound: Duration) -> CaseResult {
    let probe = Probe::default();
    let tool = || held("hold", &probe, TaskPolicy::required());
    let one = stage.replica(0).tools([tool()]).start().await?;
    let other = stage.replica(1).tools([tool()]).config(|config| config.worker_slots(0)).start().await?;
    let id = other.submit(&caller(me()), "hold").await?.id;
    stage.until(SECOND * 2, "its start", async || Ok(probe.starts() == 1)).await?;
    let mut watch = other.ask(&caller(me()), WatchTask::new(id.clone())).await?;
    let waiting = async {
        watch.ended().await?;
        Ok::<_, Halt>(Instant::now())
    };
    let end = async {
        // Between two of its own looks.
        stage.pass(SECOND * 5 / 2).await;
        if lose_wake_ups {
            one.faults.set("wake", Fault::Swallow);
        }
        probe.let_one_through();
        let over = async || Ok(one.record(&id).await?.is_some_and(|record| !record.head.open));
        stage.until(SECOND, "its end", over).await?;
        Ok::<_, Halt>(Instant::now())
    };
    let both = async { tokio::try_join!(waiting, end) };
    let (heard, ended) = stage.within(SECOND * 9 / 2 + bound, "the news of its end", both).await??;
    let late = heard.saturating_duration_since(ended);
    stage.at_most(late, bound, "the news of its end")
}

async fn a_waiter_hears_of_the_end_at_once(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    hears_within(&stage, false, MS * 100).await
}

async fn a_lost_wake_up_costs_a_waiter_a_second_at_most(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    hears_within(&stage, true, A_SECOND).await
}

async fn a_waiter_that_gives_up_leaves_nothing_behind(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required())]).start().await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    let watch = replica.ask(&caller(me()), WatchTask::new(id.clone())).await?;
    let again = replica.ask(&caller(me()), WatchTask::new(id)).await?;
    let polled = replica.faults.count("poll");
    stage.until(A_SECOND * 2, "a look for who waits", async || Ok(replica.faults.count("poll") > polled)).await?;
    drop(watch);
    let polled = replica.faults.count("poll");
    stage.until(A_SECOND * 2, "a look for the other", async || Ok(replica.faults.count("poll") > polled)).await?;
    drop(again);
    let polled = replica.faults.count("poll");
    stage.pass(A_SECOND * 3).await;
    // One may have been under way.
    let more = replica.faults.count("poll") - polled;
    scene.check(more <= 1, || format!("nobody waits, and {more} looks came"));
    Ok(())
}

async fn a_waiter_of_what_expires_is_told(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = held("hold", &probe, TaskPolicy::required().ttl(SECOND, HOUR));
    let replica = stage.replica(0).config(|config| config.worker_slots(0)).tools([tool]).start().await?;
    let id = replica.submit(&caller(me()), "hold").await?.id;
    let mut watch = replica.ask(&caller(me()), WatchTask::new(id)).await?;
    let told = stage.within(SECOND + A_SECOND, "its end", watch.ended()).await?;
    scene.check(matches!(told, Err(CallError::UnknownTask(_))), || format!("{told:?}"));
    Ok(())
}

/// Whether a task is started within `bound` by a node that has had nothing to do for a while.
async fn started_within(stage: &Stage, lose_wake_ups: bool, bound: Duration) -> CaseResult {
    let probe = Probe::default();
    let tool = || held("hold", &probe, TaskPolicy::required());
    let front = stage.replica(0).tools([tool()]).front().await?;
    let _worker = stage.replica(1).tools([tool()]).start().await?;
    stage.pass(SECOND * 5 / 2).await;
    if lose_wake_ups {
        front.faults.set("wake", Fault::Swallow);
    }
    front.submit(&caller(me()), "hold").await?;
    stage.until(bound, "its start", async || Ok(probe.starts() == 1)).await.map(drop)
}

async fn a_due_task_is_started_at_once(scene: &Scene) -> CaseResult {
    started_within(&Stage::open(scene).await?, false, MS * 100).await
}

async fn a_lost_wake_up_costs_a_due_task_a_second_at_most(scene: &Scene) -> CaseResult {
    started_within(&Stage::open(scene).await?, true, A_SECOND).await
}

const KEEP: Keep = Keep::new(1_000, HOUR);

/// Publishes numbers on one node, and reads them on the other; `wrong` is done with the two in between.
async fn numbers(scene: &Scene, stage: &Stage, bound: Duration, wrong: impl AsyncFn(&Replica, &Replica)) -> CaseResult {
    const EVENTS: u64 = 40;
    let (one, other) = (stage.replica(0).start().await?, stage.replica(1).start().await?);
    let mut heard = other.runtime.events().subscribe("topic", ReadFrom::Tail).await?;
    stage.pass(SECOND * 2).await;
    wrong(&one, &other).await;
    for number in 0..EVENTS {
        one.runtime.events().publish("topic", vec![Bytes::from(number.to_string())], KEEP).await?;
    }
    let hear = async {
        let mut numbers = Vec::new();
        while numbers.len() < 40 {
            match heard.next().await {
                Some(Delivery::Event(event)) => numbers.push(String::from_utf8_lossy(&event.payload).into_owned()),
                other => return Err(Halt::Wrong(format!("{other:?} instead of an event"))),
            }
        }
        Ok(numbers)
    };
    let numbers = stage.within(bound, "all events", hear).await??;
    scene.same("the events", &numbers, &(0..EVENTS).map(|number| number.to_string()).collect::<Vec<_>>());
    Ok(())
}

async fn a_subscriber_hears_every_event_in_order(scene: &Scene) -> CaseResult {
    numbers(scene, &Stage::open(scene).await?, MS * 200, async |_, _| ()).await
}

async fn a_lost_wake_up_costs_a_subscriber_a_second_at_most(scene: &Scene) -> CaseResult {
    numbers(scene, &Stage::open(scene).await?, A_SECOND, async |one, _| one.faults.set("wake", Fault::Swallow)).await
}

async fn a_store_that_was_away_costs_a_subscriber_nothing_but_time(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    numbers(scene, &stage, SECOND * 6, async |_, other| other.faults.set("read", Fault::Fail(5))).await
}

async fn a_wake_up_that_hangs_delays_nobody(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    probe.let_one_through();
    let replica = stage.replica(0).tools([held("hold", &probe, TaskPolicy::required())]).start().await?;
    replica.faults.set("wake", Fault::Hang);
    let run = async {
        let id = replica.submit(&caller(me()), "hold").await?.id;
        replica.outcome(&caller(me()), &id).await
    };
    stage.within(MS * 200, "a task", run).await??;
    Ok(())
}

/// A tool that says how far it is, `steps` times, one each `pause`.
fn counting(steps: u32, pause: Duration) -> Tool {
    Tool::with_state("count", (steps, pause), async |(steps, pause): (u32, Duration), cx: Context, _: NoArgs| {
        for step in 1..=steps {
            cx.progress(f64::from(step), None, "");
            tokio::time::sleep(pause).await;
        }
        Ok("done")
    })
    .task(TaskPolicy::required())
}

/// A submission that asks for progress.
async fn with_progress(replica: &Replica) -> Result<fastestmcp_core::operation::TaskView, CallError> {
    let meta = Map::from_iter([("progressToken".to_owned(), json!("token"))]);
    let asked = fastestmcp_core::operation::AskedTtl::Default;
    replica.submit_call(&caller(me()), call("count", Value::Null).meta(meta), asked).await
}

async fn an_append_that_hangs_delays_no_task(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([counting(10, MS * 20)]).start().await?;
    replica.faults.set("append", Fault::Hang);
    let run = async {
        let id = with_progress(&replica).await?.id;
        replica.outcome(&caller(me()), &id).await
    };
    stage.within(MS * 400, "a task", run).await??;
    Ok(())
}

async fn progress_is_written_twice_a_second_at_most_and_the_last_one_lands(scene: &Scene) -> CaseResult {
    const STEPS: u32 = 100;
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([counting(STEPS, MS * 20)]).start().await?;
    let id = replica.submit(&caller(me()), "count").await?.id;
    let before = replica.faults.count("replace");
    stage.in_time("its end", replica.outcome(&caller(me()), &id)).await??;
    let writes = replica.faults.count("replace") - before;
    // It starts and ends, and lasts 2 s, or longer on a busy machine.
    scene.check((5..=STEPS / 4).contains(&writes), || format!("{writes} writes for {STEPS} steps in 2 s"));
    let view = replica.view(&caller(me()), &id).await?;
    scene.same("the last progress", &view.progress.map(|progress| progress.progress), &Some(f64::from(STEPS)));
    Ok(())
}

async fn progress_in_detail_reaches_who_asked_for_it(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let one = stage.replica(0).tools([counting(8, MS * 120)]).start().await?;
    let other = stage.replica(1).tools([counting(8, MS * 120)]).config(|config| config.worker_slots(0)).start().await?;
    let id = with_progress(&one).await?.id;
    let feed = other.ask(&caller(me()), FollowProgress::new(id.clone())).await?;
    let Some(mut feed) = feed else { return Err(Halt::Wrong("it asked for progress and gets none".to_owned())) };
    scene.same("its token", feed.token(), &json!("token"));
    let mut last = 0.0;
    let follow = async {
        while last < 8.0 {
            let progress = feed.next().await?.progress;
            scene.check(progress > last, || format!("{progress} after {last}"));
            last = progress;
        }
        Ok::<_, CallError>(())
    };
    stage.within(SECOND * 2, "the last progress", follow).await??;
    let silent = one.submit(&caller(me()), "count").await?.id;
    let none = other.ask(&caller(me()), FollowProgress::new(silent)).await?;
    scene.check(none.is_none(), || "one who did not ask for progress gets it".to_owned());
    Ok(())
}

async fn what_has_expired_is_swept(scene: &Scene) -> CaseResult {
    let (stage, probe) = (Stage::open(scene).await?, Probe::default());
    let tool = held("hold", &probe, TaskPolicy::required().ttl(SECOND / 2, HOUR));
    let replica = stage.replica(0).tools([tool]).front().await?;
    for _ in 0..5 {
        replica.submit(&caller(me()), "hold").await?;
    }
    stage.pass(SECOND).await;
    let other = stage.replica(1).start().await?;
    stage.until(SECOND, "a sweep", async || Ok(other.faults.count("sweep") >= 1)).await?;
    stage.pass(SECOND).await;
    let left = replica.stores.tasks.sweep(fastestmcp_core::backend::SweepBudget::default()).await?;
    scene.same("left for another sweep", &left.removed, &0);
    Ok(())
}
