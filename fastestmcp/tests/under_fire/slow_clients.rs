//! A client that does not take what it is sent holds up nothing else (contract R2).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fastestmcp_core::component::{NoArgs, Tool};
use fastestmcp_core::context::{Client, Context};
use fastestmcp_core::operation::{CallError, CallOutcome, CallTool};
use fastestmcp_core::task::{InputRequest, Progress, RpcError};
use serde_json::{Map, Value, json};

use crate::scene::{built, caller, client, config, in_time, me, node, on_every_store};

/// Never takes any progress.
struct Stuck;

#[async_trait]
impl Client for Stuck {
    fn answers_within_call(&self) -> bool {
        true
    }

    async fn request(&self, _key: &str, _request: &InputRequest) -> Result<Value, RpcError> {
        std::future::pending().await
    }

    async fn progress(&self, _progress: &Progress) {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_client_that_takes_no_progress_stops_neither_the_timeout_nor_the_result_of_its_call() {
    on_every_store(async |stores| {
        let reporting = |name: &str, ends: bool| {
            Tool::with_state(name, ends, async |ends: bool, cx: Context, _: NoArgs| {
                cx.progress(1.0, None, "");
                tokio::time::sleep(Duration::from_millis(20)).await;
                if !ends {
                    std::future::pending::<()>().await;
                }
                Ok("done")
            })
        };
        let tools = vec![reporting("ends", true), reporting("hangs", false).timeout(Duration::from_millis(100))];
        let runtime = node(stores, tools).await;
        let call = |tool: &str| runtime.handle(CallTool::new(tool, Map::new()), caller(me()), Arc::new(Stuck));
        assert!(matches!(in_time(call("hangs")).await, Err(CallError::Timeout)));
        assert!(matches!(in_time(call("ends")).await, Ok(CallOutcome::Complete(_))));
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_call_counts_until_its_handler_has_ended() {
    on_every_store(async |stores| {
        let mut config = config();
        config.max_calls = 1;
        config.grace = Duration::from_millis(300);
        let stubborn = Tool::new("stubborn", async |_cx, _: NoArgs| {
            std::future::pending::<()>().await;
            Ok("")
        });
        let quick = Tool::new("quick", async |_cx, _: NoArgs| Ok("done"));
        let tools = vec![stubborn.timeout(Duration::from_millis(20)), quick];
        let runtime = built(stores, config, tools).await;
        let me = client(&runtime);
        assert!(matches!(me.call("stubborn", json!({})).await, Err(CallError::Timeout)));
        let refused = me.call("quick", json!({})).await;
        assert!(matches!(refused, Err(CallError::Overloaded { resource: "calls", .. })), "{refused:?}");
        in_time(async {
            while me.call("quick", json!({})).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    })
    .await;
}
