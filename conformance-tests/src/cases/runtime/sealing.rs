//! What clients carry for the server: made by one key ring, and good for its listing and its owner only (A3, G13).

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Caller;
use fastestmcp_core::operation::{CallError, ListPrompts, ListTasks, ListTools};
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::TaskFilter;
use fastestmcp_core::task::TaskStatus;
use futures_util::future::try_join_all;
use serde_json::json;

use super::steps::{asked, damaged, gone_on, held, trip};
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Probe, Replica, Stage, call, caller, me, user, you};

cases! { Runtime, "runtime.sealing";
    "A3": two_seals_of_the_same_are_two,
    "A3": replicas_that_start_at_once_share_one_ring,
    "A3": what_was_sealed_for_one_use_is_refused_for_another,
    "G13": a_cursor_goes_on_on_another_replica,
    "G13": a_cursor_of_a_list_is_its_callers_alone,
    "G13": a_cursor_of_tasks_is_its_owners_alone,
    "G13": a_cursor_is_of_its_listing_alone,
    "G13": a_cursor_that_was_altered_cut_or_made_up_is_refused,
    "G13": a_walk_shows_each_task_once_though_others_come_and_go,
}

/// More than one page.
fn many() -> impl Iterator<Item = Tool> {
    (0..501).map(|index| Tool::new(format!("tool-{index:03}"), async |_cx, _: NoArgs| Ok("")))
}

async fn cursor_of_tools(replica: &Replica, caller: &Caller) -> Result<String, Halt> {
    let next = replica.ask(caller, ListTools::default()).await?.next_cursor;
    next.ok_or_else(|| Halt::Wrong("the first page of the tools was the last".to_owned()))
}

/// The cursor of tasks of `caller`, of which there are more than a page.
async fn cursor_of_tasks(replica: &Replica, caller: &Caller) -> Result<String, Halt> {
    for _ in 0..6 {
        try_join_all((0..17).map(|_| replica.submit(caller, "hold"))).await?;
    }
    let next = replica.ask(caller, ListTasks::default()).await?.next_cursor;
    next.ok_or_else(|| Halt::Wrong("the first page of the tasks was the last".to_owned()))
}

fn hold() -> Tool {
    held("hold", &Probe::default(), TaskPolicy::required())
}

fn refused<T>(scene: &Scene, what: &str, answer: &Result<T, CallError>) {
    let is = matches!(answer, Err(CallError::InvalidCursor));
    scene.check(is, || match answer {
        Ok(_) => format!("{what}: taken"),
        Err(error) => format!("{what}: {error} instead of a cursor that is not valid"),
    });
}

async fn two_seals_of_the_same_are_two(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(many()).front().await?;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let cursor = cursor_of_tools(&replica, &caller(me())).await?;
        scene.check(!seen.contains(&cursor), || "the same place was sealed the same way again".to_owned());
        seen.push(cursor);
    }
    Ok(())
}

async fn replicas_that_start_at_once_share_one_ring(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replicas = try_join_all((0..6).map(|index| stage.replica(index % 2).tools([trip("trip")]).front())).await?;
    let rome = || call("trip", json!({ "city": "Rome" }));
    for (sealed_by, sealing) in replicas.iter().enumerate() {
        let state = asked(sealing, &caller(me()), rome()).await?;
        for (opened_by, opening) in replicas.iter().enumerate() {
            let gone = gone_on(opening, &caller(me()), rome(), &state).await;
            scene.check(gone.is_ok(), || format!("{opened_by} does not open what {sealed_by} sealed: {gone:?}"));
        }
    }
    // One that starts later finds the same keys.
    let state = asked(&replicas[0], &caller(me()), rome()).await?;
    let late = stage.replica(1).tools([trip("trip")]).front().await?;
    scene.same("gone on", &gone_on(&late, &caller(me()), rome(), &state).await?, &"Rome".to_owned());
    Ok(())
}

async fn what_was_sealed_for_one_use_is_refused_for_another(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(many()).tools([trip("trip")]).front().await?;
    let rome = || call("trip", json!({ "city": "Rome" }));
    let state = asked(&replica, &caller(me()), rome()).await?;
    let cursor = cursor_of_tools(&replica, &caller(me())).await?;
    refused(scene, "a state as a cursor", &replica.ask(&caller(me()), ListTools::new(Some(state.clone()))).await);
    refused(scene, "a state as a cursor of tasks", &replica.ask(&caller(me()), ListTasks::new(Some(state))).await);
    let gone = gone_on(&replica, &caller(me()), rome(), &cursor).await;
    scene.check(matches!(gone, Err(CallError::InvalidParams(_))), || format!("a cursor as a state: {gone:?}"));
    Ok(())
}

async fn a_cursor_goes_on_on_another_replica(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let one = stage.replica(0).tools(many()).tools([hold()]).front().await?;
    let other = stage.replica(1).tools(many()).tools([hold()]).front().await?;
    let tools = cursor_of_tools(&one, &caller(me())).await?;
    let rest = other.ask(&caller(me()), ListTools::new(Some(tools))).await?;
    scene.same("tools on the second page", &rest.tools.len(), &2);
    scene.same("a page after it", &rest.next_cursor, &None);
    let tasks = cursor_of_tasks(&one, &caller(me())).await?;
    scene.same("tasks left", &other.ask(&caller(me()), ListTasks::new(Some(tasks))).await?.tasks.len(), &2);
    Ok(())
}

async fn a_cursor_of_a_list_is_its_callers_alone(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(many()).front().await?;
    let anonymous = [replica.session(Principal::Anonymous).await?, replica.session(Principal::Anonymous).await?];
    let callers = [
        caller(me()),
        caller(you()),
        caller(user("https://a.example", "ann")),
        caller(user("https://b.example", "ann")),
        anonymous[0].caller.clone(),
        anonymous[1].caller.clone(),
        caller(Principal::Anonymous),
    ];
    for (of, owner) in callers.iter().enumerate() {
        let cursor = cursor_of_tools(&replica, owner).await?;
        for (by, stranger) in callers.iter().enumerate() {
            let answer = replica.ask(stranger, ListTools::new(Some(cursor.clone()))).await;
            if by == of {
                scene.check(answer.is_ok(), || format!("caller {by} is refused its own: {:?}", answer.err()));
            } else {
                refused(scene, &format!("the cursor of caller {of}, by {by}"), &answer);
            }
        }
    }
    Ok(())
}

async fn a_cursor_of_tasks_is_its_owners_alone(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([hold()]).front().await?;
    let anonymous = [replica.session(Principal::Anonymous).await?, replica.session(Principal::Anonymous).await?];
    for (owner, stranger) in [(caller(me()), caller(you())), (anonymous[0].caller.clone(), anonymous[1].caller.clone())]
    {
        let cursor = cursor_of_tasks(&replica, &owner).await?;
        refused(scene, "a foreign cursor", &replica.ask(&stranger, ListTasks::new(Some(cursor.clone()))).await);
        let all = replica.runtime.operator().tasks(&TaskFilter::default(), Some(&cursor)).await;
        refused(scene, "an owner's cursor among the tasks of all", &all);
    }
    let all = replica.runtime.operator().tasks(&TaskFilter::default(), None).await?.next_cursor;
    refused(scene, "an operator's cursor", &replica.ask(&caller(me()), ListTasks::new(all)).await);
    Ok(())
}

async fn a_cursor_is_of_its_listing_alone(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(many()).tools([hold()]).front().await?;
    let (me, operator) = (caller(me()), replica.runtime.operator());
    let (tools, tasks) = (cursor_of_tools(&replica, &me).await?, cursor_of_tasks(&replica, &me).await?);
    refused(scene, "of tools, for tasks", &replica.ask(&me, ListTasks::new(Some(tools.clone()))).await);
    refused(scene, "of tools, for prompts", &replica.ask(&me, ListPrompts::new(Some(tools.clone()))).await);
    refused(scene, "of tasks, for tools", &replica.ask(&me, ListTools::new(Some(tasks.clone()))).await);
    refused(scene, "of tools, for sessions", &operator.sessions(Some(&tools)).await);
    // The same tasks, but of one status.
    let working = TaskFilter::status(TaskStatus::Working);
    let of_all = operator.tasks(&TaskFilter::default(), None).await?.next_cursor;
    let of_working = operator.tasks(&working, None).await?.next_cursor;
    refused(scene, "of all, for one status", &operator.tasks(&working, of_all.as_deref()).await);
    refused(scene, "of one status, for all", &operator.tasks(&TaskFilter::default(), of_working.as_deref()).await);
    Ok(())
}

async fn a_cursor_that_was_altered_cut_or_made_up_is_refused(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools(many()).front().await?;
    let cursor = cursor_of_tools(&replica, &caller(me())).await?;
    scene.check(cursor.len() <= 1_024, || format!("a cursor of {} bytes", cursor.len()));
    for (what, damaged) in damaged(&cursor) {
        refused(scene, &what, &replica.ask(&caller(me()), ListTools::new(Some(damaged.clone()))).await);
        refused(scene, &what, &replica.ask(&caller(me()), ListTasks::new(Some(damaged))).await);
    }
    Ok(())
}

async fn a_walk_shows_each_task_once_though_others_come_and_go(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = stage.replica(0).tools([hold()]).front().await?;
    let (mine, mut before) = (caller(me()), Vec::new());
    for _ in 0..15 {
        before.extend(try_join_all((0..15).map(|_| replica.submit(&mine, "hold"))).await?);
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = replica.ask(&mine, ListTasks::new(cursor)).await?;
        scene.check(page.tasks.len() <= 100, || format!("a page of {}", page.tasks.len()));
        seen.extend(page.tasks.into_iter().map(|task| task.id));
        // What comes now is newer than any page that is left, and somebody else's is not there at all.
        replica.submit(&mine, "hold").await?;
        replica.submit(&caller(you()), "hold").await?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    for task in &before {
        let times = seen.iter().filter(|id| **id == task.id).count();
        scene.check(times == 1, || format!("a task was shown {times} times"));
    }
    Ok(())
}
