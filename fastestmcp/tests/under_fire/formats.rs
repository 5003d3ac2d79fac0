//! Old and new binaries work side by side (contract G15).

use std::time::Duration;

use bytes::Bytes;
use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::operation::CallError;
use fastestmcp_core::principal::Owner;
use fastestmcp_core::task::{NewTask, TaskStatus};
use serde_json::{Value, json};

use crate::scene::{client, in_time, node, on_every_store, record, text, until};

#[tokio::test]
async fn a_record_of_a_newer_binary_is_handed_back_as_it_is_and_its_neighbours_run() {
    on_every_store(async |stores| {
        let tool = Tool::new("t", async |_cx, _: NoArgs| Ok("done")).task(TaskPolicy::required());
        let runtime = node(stores.clone(), vec![tool]).await;
        let me = client(&runtime);
        let known = me.start("t", json!({})).await.unwrap();
        in_time(known.result()).await.unwrap();
        let now = record(&stores, known.id()).await.unwrap();
        let (spec, state) = (now.spec.unwrap(), now.state.unwrap());
        let newer = |bytes: &Bytes| {
            let mut value: Value = serde_json::from_slice(bytes).unwrap();
            value["format"] = json!(1_000);
            value["journal"] = json!(["another shape"]);
            Bytes::from(serde_json::to_vec(&value).unwrap())
        };
        let working = TaskStatus::Working.code();
        let owner = Owner::of(&crate::scene::me(), None).unwrap();
        for (name, spec, state, status) in [
            ("a newer spec", newer(&spec), state.clone(), working),
            ("a newer state", spec.clone(), newer(&state), working),
            ("an unknown status", spec.clone(), state.clone(), 200),
        ] {
            let id = TaskId::new(name);
            let mut task = NewTask::new(id.clone(), owner.clone(), "default", spec.clone(), state.clone());
            task.status = status;
            stores.tasks.insert(task).await.unwrap();
            // The worker of another node would look by itself; this one is told by a neighbour.
            assert_eq!(text(&in_time(me.start("t", json!({})).await.unwrap().result()).await.unwrap()), "done");
            let handed_back =
                |record: &fastestmcp_core::task::TaskRecord| record.head.claims == 1 && record.head.lease.is_none();
            let after = until(&stores, &id, handed_back).await;
            assert_eq!((after.head.status, after.head.open, after.spec.unwrap()), (status, true, spec));
            assert!(
                after.head.due.is_some_and(|due| due.since(after.head.updated) >= Duration::from_secs(1)),
                "{name}"
            );
            let (mut before, mut after): (Value, Value) =
                (serde_json::from_slice(&state).unwrap(), serde_json::from_slice(&after.state.unwrap()).unwrap());
            assert_eq!(after["credits"], json!(1), "that it was claimed here is no attempt");
            (before["credits"], after["credits"]) = (json!(0), json!(0));
            assert_eq!(before, after, "{name}");

            if name == "a newer spec" {
                // How a task ends is written to its state, in a format that this binary knows.
                continue;
            }
            let cancelled = me.task(id.clone()).cancel().await;
            assert!(matches!(cancelled, Err(CallError::Unreadable(_))), "{name}: {cancelled:?}");
            assert!(record(&stores, &id).await.unwrap().head.open, "{name}");
        }
        assert_eq!(runtime.operator().cancel_all(&Default::default()).await.unwrap(), 1);
        let spec_after = record(&stores, &TaskId::new("a newer spec")).await.unwrap();
        assert_eq!((spec_after.head.open, spec_after.spec.unwrap()), (false, newer(&spec)));
    })
    .await;
}
