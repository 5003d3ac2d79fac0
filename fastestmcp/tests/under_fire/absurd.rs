//! What authors and clients can get wrong in ordinary code cannot damage a record (contract R8).

use std::collections::BTreeMap;
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool, ToolOutput};
use fastestmcp_core::context::ToolError;
use fastestmcp_core::context::{Context, ContextError};
use fastestmcp_core::operation::{AskedTtl, CallError, CallTool, UpdateTask};
use fastestmcp_core::task::TaskStatus;
use serde_json::{Value, json};

use crate::scene::{Confirm, accept, ask, caller, client, in_time, me, node, on_every_store, reason, submitted, text};

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

#[tokio::test]
async fn progress_that_is_no_number_is_dropped_and_the_task_is_readable() {
    on_every_store(async |stores| {
        let tool = Tool::new("odd", async |cx: Context, _: NoArgs| {
            cx.progress(1.0, Some(f64::INFINITY), "one");
            cx.checkpoint(&1).await?;
            for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                cx.progress(odd, Some(odd), "odd");
            }
            cx.checkpoint(&2).await?;
            Ok("done")
        });
        let runtime = node(stores, vec![tool.task(TaskPolicy::required())]).await;
        let task = client(&runtime).start("odd", json!({})).await.unwrap();
        let view = in_time(task.until(|view| view.status.is_terminal())).await.unwrap();
        assert_eq!(view.status, TaskStatus::Completed);
        let progress = view.progress.unwrap();
        assert_eq!((progress.progress, progress.total, progress.message.as_deref()), (1.0, None, Some("one")));
    })
    .await;
}

#[tokio::test]
async fn what_is_nested_deeper_than_can_be_read_back_is_refused_before_it_is_stored() {
    on_every_store(async |stores| {
        let keep = Tool::new("keep", async |cx: Context, _: NoArgs| {
            cx.set_state("v", &1).await?;
            let refused = [
                cx.set_state("v", &nested(101)).await.err(),
                cx.update_state("v", |_: Option<Value>| nested(101)).await.err(),
                cx.checkpoint(&nested(101)).await.err(),
                cx.ask("k", "sampling/createMessage", nested(101)).await.err(),
            ];
            assert!(refused.iter().all(|error| matches!(error, Some(ContextError::NotSerializable(_)))), "{refused:?}");
            assert!(cx.once("k", || async { Ok(nested(101)) }).await.is_err());
            assert_eq!(cx.get_state::<i32>("v").await?, Some(1), "the old value is kept");
            cx.set_state("deep", &nested(100)).await?;
            cx.checkpoint(&nested(100)).await?;
            assert_eq!(cx.once("k", || async { Ok(nested(100)) }).await?, nested(100));
            assert_eq!(cx.get_state::<Value>("deep").await?, Some(nested(100)));
            match cx.elicit::<Confirm>("confirm", "?").await? {
                fastestmcp_core::context::Answer::Accepted(_) => Ok("kept"),
                _ => Err(ToolError::new("not accepted")),
            }
        });
        let deep = Tool::new("deep", async |_cx, _: NoArgs| {
            let mut output = ToolOutput::text("deep");
            output.structured_content = Some(nested(110));
            Ok(output)
        });
        let rerun = || TaskPolicy::required().rerun();
        let runtime = node(stores, vec![keep.task(rerun()), deep.task(rerun())]).await;
        let me = client(&runtime);

        let arguments = json!({ "a": nested(101) });
        assert!(matches!(me.start("keep", arguments).await, Err(CallError::TooDeep(_))));
        let meta = serde_json::Map::from_iter([("m".to_owned(), nested(101))]);
        let call = CallTool::new("keep", serde_json::Map::new()).meta(meta);
        let refused = submitted(&runtime, &caller(crate::scene::me()), call, AskedTtl::Default).await;
        assert!(matches!(refused, Err(CallError::TooDeep(_))));

        let task = me.start("keep", json!({ "a": nested(100) })).await.unwrap();
        in_time(task.until(|view| view.status == TaskStatus::InputRequired)).await.unwrap();
        let mut answer = accept();
        answer["content"]["extra"] = nested(120);
        assert!(matches!(task.answer("confirm", answer).await, Err(CallError::InvalidAnswer(_))));
        assert_eq!(task.view().await.unwrap().status, TaskStatus::InputRequired, "it keeps waiting");
        task.answer("confirm", accept()).await.unwrap();
        assert_eq!(text(&in_time(task.result()).await.unwrap()), "kept");

        let outcome = in_time(me.start("deep", json!({})).await.unwrap().result()).await.unwrap();
        assert_eq!(reason(&outcome), "result cannot be stored");
    })
    .await;
}

#[tokio::test]
async fn an_absurd_duration_in_a_handler_is_a_typed_error_or_the_longest_that_can_be() {
    on_every_store(async |stores| {
        let handle = Tool::new("handle", async |cx: Context, _: NoArgs| {
            for ttl in [Duration::ZERO, Duration::MAX] {
                let refused = cx.create_handle(ttl).await;
                assert!(matches!(refused, Err(ContextError::Limit(_))), "{refused:?}");
            }
            Ok("")
        });
        let retry = Tool::new("retry", async |_cx, _: NoArgs| Err::<&str, _>(ToolError::retry(Duration::MAX, "later")));
        let runtime = node(stores, vec![handle, retry.task(TaskPolicy::required().rerun())]).await;
        assert!(!client(&runtime).call("handle", json!({})).await.unwrap().is_error);
        let task = client(&runtime).start("retry", json!({})).await.unwrap();
        let stores = runtime.stores().clone();
        let waits =
            crate::scene::until(&stores, task.id(), |record| record.head.lease.is_none() && record.head.claims == 1);
        assert!(waits.await.head.due.is_some(), "it waits for its retry");
        let far = AskedTtl::For(Duration::MAX);
        let call = CallTool::new("retry", serde_json::Map::new());
        let task_of_eons = submitted(&runtime, &caller(me()), call, far).await.unwrap();
        assert!(task_of_eons.ttl.is_some_and(|ttl| ttl < Duration::from_secs(8 * 86_400)));
        let answers = BTreeMap::from([("x".repeat(100_000), nested(3))]);
        ask(&runtime, &caller(me()), UpdateTask::new(task.id().clone(), answers)).await.unwrap();
    })
    .await;
}
