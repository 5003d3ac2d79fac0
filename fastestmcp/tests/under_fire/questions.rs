//! Questions to the client (contract T7, T15).

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::ToolError;
use fastestmcp_core::context::{Answer, Context};
use fastestmcp_core::principal::OwnerFilter;
use fastestmcp_core::task::{OnInputTimeout, Part, TaskState, TaskStatus};
use serde_json::json;

use crate::scene::{Confirm, accept, client, in_time, node, on_every_store, reason, text};

fn yes(answer: Answer<Confirm>) -> bool {
    matches!(answer, Answer::Accepted(confirm) if confirm.ok)
}

#[tokio::test]
async fn a_question_of_a_spawned_part_is_asked_at_once_in_a_call_and_in_a_task() {
    on_every_store(async |stores| {
        let ask = async |cx: Context, _: NoArgs| {
            let asked = tokio::spawn(async move { cx.elicit::<Confirm>("confirm", "?").await });
            // The handler itself is not polled again before the answer is there.
            Ok::<_, ToolError>(yes(asked.await??).to_string())
        };
        let tool = Tool::new("ask", ask).task(TaskPolicy::optional().never_rerun());
        let runtime = node(stores, vec![tool]).await;
        let user = client(&runtime).answering(|_, _| Some(accept()));
        assert_eq!(in_time(user.call("ask", json!({}))).await.unwrap().content[0].as_text(), Some("true"));
        let task = user.start("ask", json!({})).await.unwrap();
        in_time(task.until(|view| view.status == TaskStatus::InputRequired)).await.unwrap();
        task.answer("confirm", accept()).await.unwrap();
        assert_eq!(text(&in_time(task.result()).await.unwrap()), "true");
    })
    .await;
}

#[tokio::test]
async fn of_concurrent_calls_of_once_one_runs_and_all_return_what_is_recorded() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    on_every_store(async |stores| {
        RUNS.store(0, Ordering::SeqCst);
        let tool = Tool::new("once", async |cx: Context, _: NoArgs| {
            let one = || async {
                cx.once("n", || async {
                    let run = RUNS.fetch_add(1, Ordering::SeqCst) + 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok(run)
                })
                .await
            };
            let (a, b, c) = tokio::join!(one(), one(), one());
            Ok(format!("{} {} {}", a?, b?, c?))
        });
        let runtime = node(stores, vec![tool.task(TaskPolicy::optional().rerun())]).await;
        let me = client(&runtime);
        assert_eq!(me.call("once", json!({})).await.unwrap().content[0].as_text(), Some("1 1 1"));
        assert_eq!(text(&in_time(me.start("once", json!({})).await.unwrap().result()).await.unwrap()), "2 2 2");
    })
    .await;
}

#[tokio::test]
async fn a_later_question_has_its_whole_time() {
    on_every_store(async |stores| {
        let ask = async |cx: Context, _: NoArgs| {
            let first = cx.clone();
            let first = tokio::spawn(async move { first.elicit::<Confirm>("first", "?").await });
            tokio::time::sleep(Duration::from_millis(600)).await;
            let second = cx.elicit::<Confirm>("second", "?").await?;
            Ok::<_, ToolError>(format!("{} {}", yes(first.await??), yes(second)))
        };
        let policy = TaskPolicy::required().never_rerun().input_timeout(Duration::from_secs(1), OnInputTimeout::Fail);
        let runtime = node(stores.clone(), vec![Tool::new("ask", ask).task(policy)]).await;
        let task = client(&runtime).start("ask", json!({})).await.unwrap();
        in_time(task.until(|view| view.inputs.len() == 2)).await.unwrap();
        let found = stores.tasks.get(&[task.id().clone()], &OwnerFilter::Any, Part::State).await.unwrap();
        let record = found.value.into_iter().next().flatten().unwrap();
        let state = TaskState::decode(&record.state.unwrap()).unwrap();
        let left = state.input_deadline.unwrap().since(record.head.updated);
        assert!(left > Duration::from_millis(900), "{left:?} of a second");
        task.answer("first", accept()).await.unwrap();
        task.answer("second", accept()).await.unwrap();
        assert_eq!(text(&in_time(task.result()).await.unwrap()), "true true");

        let late = client(&runtime).start("ask", json!({})).await.unwrap();
        assert_eq!(reason(&in_time(late.result()).await.unwrap()), "input timeout");
    })
    .await;
}

#[tokio::test]
async fn a_deploy_may_reword_a_question_while_somebody_is_asked() {
    on_every_store(async |stores| {
        let asking = |words: &'static str| {
            let tool = Tool::with_state("ask", words, async |words: &'static str, cx: Context, _: NoArgs| {
                Ok(yes(cx.elicit::<Confirm>("confirm", words).await?).to_string())
            });
            tool.task(TaskPolicy::required().rerun())
        };
        let before = node(stores.clone(), vec![asking("Book?")]).await;
        let task = client(&before).start("ask", json!({})).await.unwrap();
        in_time(task.until(|view| view.status == TaskStatus::InputRequired)).await.unwrap();
        before.shutdown().await;
        let after = node(stores, vec![asking("Shall I book?")]).await;
        let task = client(&after).task(task.id().clone());
        assert_eq!(
            task.view().await.unwrap().inputs["confirm"].params["message"],
            "Book?",
            "what was asked first stays"
        );
        task.answer("confirm", accept()).await.unwrap();
        assert_eq!(text(&in_time(task.result()).await.unwrap()), "true");
    })
    .await;
}
