//! Callers without an identity share nothing (contract G9, R2).

use fastestmcp_core::principal::Principal;
use fastestmcp_core::operation::{AskedTtl, CallError, CallTool};
use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use serde_json::Map;

use crate::scene::{built, caller, config, me, on_every_store, record};

#[tokio::test]
async fn they_share_no_owner_no_quota_and_no_rate_and_are_reached_by_their_ids_alone() {
    on_every_store(async |stores| {
        let mut config = config();
        config.max_open_tasks = 2;
        config.task_rate = (2, 1);
        let tool = Tool::new("t", async |_cx, _: NoArgs| Ok("")).task(TaskPolicy::required());
        let runtime = built(stores.clone(), config, vec![tool]).await;
        let submit = |principal| runtime.submit(ToolCall::new("t", Map::new(), caller(principal)), AskedTtl::Default);
        let mut ids = Vec::new();
        for _ in 0..10 {
            ids.push(submit(Principal::Anonymous).await.expect("nobody takes their room").id);
        }
        let mut owners = Vec::new();
        for id in &ids {
            assert_eq!(runtime.task(&caller(Principal::Anonymous), id).await.unwrap().id, *id);
            assert!(matches!(runtime.task(&caller(me()), id).await, Err(CallError::UnknownTask(_))));
            owners.push(record(&stores, id).await.unwrap().head.owner);
        }
        owners.sort_unstable();
        owners.dedup();
        assert_eq!(owners.len(), ids.len(), "no two have the same owner");
        assert!(runtime.list_tasks(&caller(Principal::Anonymous), None).await.unwrap().tasks.is_empty());
        assert!(runtime.cancel_task(&caller(Principal::Anonymous), &ids[0]).await.is_ok());

        // Who has an identity has a share of his own, and no more.
        for _ in 0..2 {
            submit(me()).await.unwrap();
        }
        assert!(matches!(submit(me()).await, Err(CallError::Overloaded { .. })));
    })
    .await;
}
