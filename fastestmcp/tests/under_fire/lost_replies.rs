//! What was written and whose acknowledgement was lost counts as written (contract G4, C5).

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::operation::WatchTask;
use fastestmcp_core::principal::Principal;
use fastestmcp_core::session::{Scope, ScopeKind};
use fastestmcp_core::task::TaskStatus;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::scene::{ask, client, in_time, node, on_every_store, session, submit, text, until};
use fastestmcp_conformance::stage::{Fault, Faulty};

#[tokio::test]
async fn a_cancel_whose_reply_was_lost_has_not_found_the_task_ended() {
    on_every_store(async |stores| {
        let faulty = Faulty::new(&stores);
        let tool = Tool::new("wait", async |cx: Context, _: NoArgs| {
            cx.cancelled().await;
            Ok("")
        });
        let runtime = node(faulty.stores(), vec![tool.task(TaskPolicy::required().rerun())]).await;
        let task = client(&runtime).start("wait", json!({})).await.unwrap();
        until(&stores, task.id(), |record| record.head.lease.is_some()).await;
        faulty.set("replace", Fault::LoseReply(1));
        let cancelled = in_time(task.cancel()).await.unwrap();
        assert_eq!((cancelled.was_terminal, cancelled.task.status), (false, TaskStatus::Cancelled));
        assert!(in_time(task.cancel()).await.unwrap().was_terminal);
    })
    .await;
}

#[tokio::test]
async fn an_outcome_whose_acknowledgement_was_lost_is_announced_and_holds_its_session() {
    on_every_store(async |stores| {
        let faulty = Faulty::new(&stores);
        let gate = Arc::new(Semaphore::new(0));
        let wait = async |gate: Arc<Semaphore>, _cx, _: NoArgs| {
            gate.acquire().await?.forget();
            Ok("done")
        };
        let retain = Duration::from_secs(1_000);
        let tool = Tool::with_state("wait", gate.clone(), wait).task(TaskPolicy::required().retain(retain));
        let runtime = node(faulty.stores(), vec![tool]).await;
        let (id, caller) = session(&runtime, Principal::Anonymous).await;
        let digest = Scope::session(&Principal::Anonymous, &id).id;
        let id = submit(&runtime, &caller, "wait").await.unwrap().id;
        until(&stores, &id, |record| record.head.lease.is_some()).await;
        let mut watch = ask(&runtime, &caller, WatchTask::new(id.clone())).await.unwrap();
        // Nothing but the announcement tells the waiter.
        faulty.set("poll", Fault::Fail(u32::MAX));
        faulty.set("replace", Fault::LoseReply(2));
        gate.add_permits(1);
        let ended = in_time(watch.ended()).await.unwrap();
        assert_eq!(text(ended.outcome.as_ref().unwrap()), "done");
        let ends = until(&stores, &id, |_| true).await.head.updated.after(retain);
        let scope = Scope::new(ScopeKind::Session, digest);
        in_time(async {
            // To the millisecond: a slack would leave the outcome unreadable before its time.
            while stores.sessions.load(&scope, &[], None).await.unwrap().value.scope.unwrap().expires < Some(ends) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn the_last_progress_lands_although_its_first_write_failed() {
    on_every_store(async |stores| {
        let faulty = Faulty::new(&stores);
        let tool = Tool::with_state("steps", faulty.clone(), async |faulty: Faulty, cx: Context, _: NoArgs| {
            faulty.set("replace", Fault::Fail(1));
            cx.progress(7.0, None, "seven");
            std::future::pending::<()>().await;
            Ok("")
        });
        let runtime = node(faulty.stores(), vec![tool.task(TaskPolicy::required().rerun())]).await;
        let task = client(&runtime).start("steps", json!({})).await.unwrap();
        let view = in_time(task.until(|view| view.progress.is_some())).await.unwrap();
        assert_eq!(view.progress.unwrap().progress, 7.0);
    })
    .await;
}
