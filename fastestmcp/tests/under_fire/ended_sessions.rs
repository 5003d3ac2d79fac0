//! A session that is ended takes its tasks with it, whatever fails meanwhile (contract C5).

use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::operation::{CallError, CancelTask, GetTask};
use fastestmcp_core::principal::Principal;
use fastestmcp_core::session::Scope;
use fastestmcp_core::task::TaskStatus;

use crate::scene::{ask, me, node, on_every_store, session, submit, until};
use fastestmcp_conformance::stage::{Fault, Faulty};

fn wait() -> Tool {
    let tool = Tool::new("wait", async |cx: Context, _: NoArgs| {
        cx.cancelled().await;
        Ok("")
    });
    tool.task(TaskPolicy::required().rerun())
}

#[tokio::test]
async fn what_could_not_be_cancelled_at_once_is_cancelled_later() {
    on_every_store(async |stores| {
        for principal in [Principal::Anonymous, me()] {
            let faulty = Faulty::new(&stores);
            let front = node(faulty.stores(), vec![]).await;
            let worker = node(stores.clone(), vec![wait()]).await;
            let (id, caller) = session(&front, principal.clone()).await;
            let task = submit(&worker, &caller, "wait").await.unwrap().id;
            until(&stores, &task, |record| record.head.lease.is_some()).await;
            faulty.set("list_tasks", Fault::Fail(3));
            assert!(front.end_session(&principal, &id).await.unwrap());
            assert!(front.sessions().open(&principal, &id).await.unwrap().is_none());
            let ended = until(&stores, &task, |record| !record.head.open).await;
            assert_eq!(ended.head.status, TaskStatus::Cancelled.code());
            worker.shutdown().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_that_nobody_cancelled_ends_where_it_runs() {
    on_every_store(async |stores| {
        let worker = node(stores.clone(), vec![wait()]).await;
        let (id, caller) = session(&worker, me()).await;
        let submit = async || submit(&worker, &caller, "wait").await;
        let running = submit().await.unwrap().id;
        until(&stores, &running, |record| record.head.lease.is_some()).await;
        // The node that ended it was lost before it came to the tasks.
        assert!(worker.sessions().end(&Scope::session(&me(), &id).id).await.unwrap());
        // One that was on its way on another node meanwhile.
        let late = submit().await.unwrap().id;
        for task in [running, late] {
            let ended = until(&stores, &task, |record| !record.head.open).await;
            assert_eq!(ended.head.status, TaskStatus::Cancelled.code());
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_that_only_expired_leaves_the_tasks_of_its_principal_alone() {
    on_every_store(async |stores| {
        let mut config = crate::scene::config();
        config.session_init = Duration::from_millis(50);
        let worker = crate::scene::built(stores.clone(), config, vec![wait()]).await;
        let (id, caller) = session(&worker, me()).await;
        crate::scene::in_time(async {
            let scope = Scope::session(&me(), &id);
            while stores.sessions.load(&scope, &[], None).await.unwrap().value.scope.is_some() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        let task = submit(&worker, &caller, "wait").await.unwrap().id;
        worker.start();
        let first = until(&stores, &task, |record| record.head.lease.is_some()).await.head.due.unwrap();
        // Past several looks at its session.
        let later = first.after(crate::scene::config().lease);
        let record = until(&stores, &task, |record| record.head.due.is_some_and(|due| due > later)).await;
        assert!(record.head.open);
        ask(&worker, &caller, CancelTask::new(task.clone())).await.unwrap();
        assert!(matches!(worker.end_session(&me(), &id).await, Ok(false)));
        assert!(!matches!(ask(&worker, &caller, GetTask::new(task.clone())).await, Err(CallError::UnknownTask(_))));
    })
    .await;
}
