//! Waiting for tasks (contract T12, R2).

use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::operation::{CallError, CancelTask, Listen, WatchTask};
use fastestmcp_core::principal::Principal;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::scene::{ask, built, caller, client, config, in_time, me, node, on_every_store, submit};
use fastestmcp_conformance::stage::{Fault, Faulty};

#[tokio::test]
async fn a_wait_that_is_dropped_while_it_reads_misses_no_change() {
    on_every_store(async |stores| {
        let tool = Tool::new("t", async |_cx, _: NoArgs| Ok("")).task(TaskPolicy::required());
        let faulty = Faulty::new(&stores);
        let runtime = node(faulty.stores(), vec![]).await;
        let front = built(stores.clone(), config(), vec![tool]).await;
        let id = submit(&front, &caller(me()), "t").await.unwrap().id;
        let mut watch = ask(&runtime, &caller(me()), WatchTask::new(id.clone())).await.unwrap();
        // Nothing tells of the change a second time.
        faulty.set("poll", Fault::Fail(u32::MAX));
        let gate = Arc::new(Semaphore::new(0));
        faulty.set("get", Fault::Answer(gate.clone()));
        let reads = faulty.count("get");
        in_time(async {
            let changed = watch.changed();
            tokio::pin!(changed);
            let read = async {
                ask(&front, &caller(me()), CancelTask::new(id.clone())).await.unwrap();
                while faulty.count("get") == reads {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::select! {
                _ = &mut changed => panic!("its read has not been answered"),
                () = read => {}
            }
        })
        .await;
        faulty.clear("get");
        assert!(in_time(watch.changed()).await.unwrap().status.is_terminal());
    })
    .await;
}

#[tokio::test]
async fn one_owner_cannot_take_all_streams() {
    on_every_store(async |stores| {
        let config = config().max_streams(3).max_streams_per_owner(2);
        let runtime = built(stores, config, vec![]).await;
        let open = async |principal| ask(&runtime, &caller(principal), Listen::default()).await;
        let mine = (open(me()).await.unwrap(), open(me()).await.unwrap());
        assert!(matches!(open(me()).await, Err(CallError::Overloaded { resource: "streams", .. })));
        let yours = open(Principal::Local("you".into())).await.unwrap();
        assert!(open(Principal::Anonymous).await.is_err(), "the node is full");
        drop((mine, yours));
        drop(open(me()).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn one_owner_cannot_take_all_waits_or_all_calls() {
    on_every_store(async |stores| {
        let mut config = config();
        (config.max_waiters, config.max_waiters_per_owner) = (3, 2);
        (config.max_calls, config.max_calls_per_owner) = (3, 2);
        let gate = Arc::new(Semaphore::new(0));
        let wait = async |gate: Arc<Semaphore>, _cx, _: NoArgs| {
            gate.acquire().await?.forget();
            Ok("")
        };
        let tool = Tool::with_state("wait", gate.clone(), wait).task(TaskPolicy::optional());
        let runtime = built(stores, config, vec![tool]).await;
        let you = Principal::Local("you".into());
        let mut watches = Vec::new();
        for (principal, room) in [(me(), true), (me(), true), (me(), false), (you.clone(), true), (you.clone(), false)]
        {
            let task = runtime.local(principal.clone()).start("wait", json!({})).await.unwrap();
            let watch = ask(&runtime, &caller(principal), WatchTask::new(task.id().clone())).await;
            match watch {
                Ok(watch) if room => watches.push(watch),
                Err(CallError::Overloaded { resource: "waiters", .. }) if !room => {}
                other => panic!("{other:?}"),
            }
        }
        let call = |principal| {
            let client = runtime.local(principal);
            tokio::spawn(async move { client.call("wait", json!({})).await })
        };
        let mine = [call(me()), call(me())];
        tokio::time::sleep(Duration::from_millis(50)).await;
        let refused = in_time(call(me())).await.unwrap();
        assert!(matches!(refused, Err(CallError::Overloaded { resource: "calls", .. })), "{refused:?}");
        let yours = call(you);
        tokio::time::sleep(Duration::from_millis(50)).await;
        gate.add_permits(3);
        for call in mine.into_iter().chain([yours]) {
            in_time(call).await.unwrap().unwrap();
        }
        drop(watches);
        let task = client(&runtime).start("wait", json!({})).await.unwrap();
        ask(&runtime, &caller(me()), WatchTask::new(task.id().clone())).await.unwrap();
    })
    .await;
}
