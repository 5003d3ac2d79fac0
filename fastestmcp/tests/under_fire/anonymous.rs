//! Callers without an identity share nothing (contract G9, R2).

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::operation::{CallError, CancelTask, GetTask, ListTasks};
use fastestmcp_core::principal::Principal;

use crate::scene::{ask, built, caller, config, me, on_every_store, record, submit};

#[tokio::test]
async fn they_share_no_owner_no_quota_and_no_rate_and_are_reached_by_their_ids_alone() {
    on_every_store(async |stores| {
        let mut config = config();
        config.max_open_tasks = 2;
        config.task_rate = (2, 1);
        let tool = Tool::new("t", async |_cx, _: NoArgs| Ok("")).task(TaskPolicy::required());
        let runtime = built(stores.clone(), config, vec![tool]).await;
        let submit = async |principal| submit(&runtime, &caller(principal), "t").await;
        let nobody = caller(Principal::Anonymous);
        let mut ids = Vec::new();
        for _ in 0..10 {
            ids.push(submit(Principal::Anonymous).await.expect("nobody takes their room").id);
        }
        let mut owners = Vec::new();
        for id in &ids {
            assert_eq!(ask(&runtime, &nobody, GetTask::new(id.clone())).await.unwrap().id, *id);
            assert!(matches!(
                ask(&runtime, &caller(me()), GetTask::new(id.clone())).await,
                Err(CallError::UnknownTask(_))
            ));
            owners.push(record(&stores, id).await.unwrap().head.owner);
        }
        owners.sort_unstable();
        owners.dedup();
        assert_eq!(owners.len(), ids.len(), "no two have the same owner");
        assert!(ask(&runtime, &nobody, ListTasks::default()).await.unwrap().tasks.is_empty());
        assert!(ask(&runtime, &nobody, CancelTask::new(ids[0].clone())).await.is_ok());

        // Who has an identity has a share of his own, and no more.
        for _ in 0..2 {
            submit(me()).await.unwrap();
        }
        assert!(matches!(submit(me()).await, Err(CallError::Overloaded { .. })));
    })
    .await;
}
