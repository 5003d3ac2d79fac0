//! The operator's verbs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::ToolError;
use fastestmcp_core::operation::CallError;
use fastestmcp_core::principal::Principal;
use fastestmcp_core::runtime::TaskFilter;
use fastestmcp_core::session::Scope;
use fastestmcp_core::task::TaskStatus;
use serde_json::json;

use crate::scene::{built, client, config, in_time, me, node, on_every_store, reason, session, text};

static WORKS: AtomicBool = AtomicBool::new(false);

fn poison() -> Tool {
    let tool = Tool::new("poison", async |_cx, _: NoArgs| {
        if WORKS.load(Ordering::SeqCst) {
            return Ok("at last");
        }
        Err(ToolError::retry(Duration::from_millis(1), "not yet"))
    });
    tool.task(TaskPolicy::required().attempts(2))
}

#[tokio::test]
async fn a_dead_letter_is_listed_and_requeued_once_as_a_new_task_of_the_same_owner() {
    on_every_store(async |stores| {
        WORKS.store(false, Ordering::SeqCst);
        let runtime = node(stores, vec![poison()]).await;
        let operator = runtime.operator();
        let task = client(&runtime).start("poison", json!({})).await.unwrap();
        let outcome = in_time(task.result()).await.unwrap();
        assert_eq!(reason(&outcome), "attempts exhausted");
        let dead = TaskFilter::status(TaskStatus::DeadLetter);
        let listed = async |filter: TaskFilter| operator.tasks(&filter, None).await.unwrap().tasks;
        assert_eq!(listed(dead.clone()).await[0].id, *task.id());
        assert_eq!(listed(dead.clone().of(me())).await.len(), 1);
        assert!(listed(dead.clone().of(Principal::Local("you".into()))).await.is_empty());
        assert!(listed(TaskFilter::status(TaskStatus::Completed)).await.is_empty());

        WORKS.store(true, Ordering::SeqCst);
        let again = operator.requeue(task.id()).await.unwrap();
        assert_ne!(again.id, *task.id());
        assert_eq!(operator.requeue(task.id()).await.unwrap().id, again.id, "once");
        let again = client(&runtime).task(again.id);
        assert_eq!(text(&in_time(again.result()).await.unwrap()), "at last");
        assert_eq!(task.view().await.unwrap().status, TaskStatus::DeadLetter, "no terminal status changes");
        assert!(matches!(operator.requeue(again.id()).await, Err(CallError::InvalidParams(_))));
        let unknown = fastestmcp_core::ids::TaskId::new("unknown");
        assert!(matches!(operator.requeue(&unknown).await, Err(CallError::UnknownTask(_))));
    })
    .await;
}

#[tokio::test]
async fn tasks_are_cancelled_by_filter_and_only_those() {
    on_every_store(async |stores| {
        let tool = Tool::new("t", async |_cx, _: NoArgs| Ok("")).task(TaskPolicy::required());
        // Not started: nothing runs.
        let runtime = built(stores, config(), vec![tool]).await;
        let you = runtime.local(Principal::Local("you".into()));
        for _ in 0..120 {
            client(&runtime).start("t", json!({})).await.unwrap();
        }
        let yours = you.start("t", json!({})).await.unwrap();
        let operator = runtime.operator();
        let mine = TaskFilter::status(TaskStatus::Working).of(me());
        assert_eq!(operator.cancel_all(&mine).await.unwrap(), 120);
        assert_eq!(operator.cancel_all(&mine).await.unwrap(), 0);
        assert_eq!(yours.view().await.unwrap().status, TaskStatus::Working);
        assert!(!operator.cancel(yours.id()).await.unwrap().was_terminal);
        assert_eq!(operator.task(yours.id()).await.unwrap().status, TaskStatus::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn sessions_are_listed_by_digest_and_revoked() {
    on_every_store(async |stores| {
        let runtime = built(stores, config(), vec![]).await;
        let mut digests = Vec::new();
        for _ in 0..120 {
            digests.push(Scope::session(&Principal::Anonymous, &session(&runtime, Principal::Anonymous).await.0).id);
        }
        let operator = runtime.operator();
        let mut listed = Vec::new();
        let mut cursor = None;
        loop {
            let page = operator.sessions(cursor.as_deref()).await.unwrap();
            listed.extend(page.sessions.into_iter().map(|(digest, _)| digest));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        listed.sort_unstable();
        digests.sort_unstable();
        assert_eq!(listed, digests);
        assert!(matches!(operator.sessions(Some("forged")).await, Err(CallError::InvalidCursor)));
        assert!(operator.revoke_session(&digests[0]).await.unwrap());
        assert!(!operator.revoke_session(&digests[0]).await.unwrap());
        assert!(!operator.revoke_session("unknown").await.unwrap());
    })
    .await;
}
