//! A panic ends its own call and nothing else, wherever it happens (contract R3).

use std::time::Duration;

use fastestmcp_core::component::{NoArgs, TaskPolicy, Tool};
use fastestmcp_core::context::Context;
use fastestmcp_core::operation::CallError;
use serde_json::json;

use crate::scene::{client, in_time, node, on_every_store, reason, text};
use fastestmcp_conformance::stage::Faulty;

/// Arguments whose decoding panics.
#[derive(schemars::JsonSchema)]
struct Mined {}

impl<'de> serde::Deserialize<'de> for Mined {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("while it is decoded")
    }
}

/// A value that panics when it is dropped.
struct Trap;

impl Drop for Trap {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "while it is dropped");
    }
}

fn tools() -> Vec<Tool> {
    let optional = TaskPolicy::optional;
    let sync = |(): (), _cx: Context, _: NoArgs| {
        if true {
            panic!("before the first await");
        }
        async { Ok("") }
    };
    vec![
        Tool::with_state("sync", (), sync).task(optional()),
        Tool::new("decoding", async |_cx, _: Mined| Ok("")).task(optional()),
        Tool::new("awaited", async |_cx, _: NoArgs| {
            tokio::task::yield_now().await;
            if true {
                panic!("after an await");
            }
            Ok("")
        })
        .task(optional()),
        Tool::new("fine", async |_cx, _: NoArgs| Ok("fine")).task(optional()),
    ]
}

#[tokio::test]
async fn a_panic_of_any_part_of_a_handler_ends_its_call_and_its_task() {
    on_every_store(async |stores| {
        let runtime = node(stores, tools()).await;
        let me = client(&runtime);
        for tool in ["sync", "decoding", "awaited"] {
            let called = in_time(me.call(tool, json!({}))).await;
            assert!(matches!(called, Err(CallError::Panicked)), "{tool}: {called:?}");
            let outcome = in_time(me.start(tool, json!({})).await.unwrap().result()).await.unwrap();
            assert_eq!(reason(&outcome), "panic", "{tool}");
        }
        assert_eq!(text(&in_time(me.start("fine", json!({})).await.unwrap().result()).await.unwrap()), "fine");
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_panics_while_it_is_dropped_costs_only_itself() {
    on_every_store(async |stores| {
        let trapped = |name| {
            Tool::new(name, async |_cx, _: NoArgs| {
                let _trap = Trap;
                std::future::pending::<()>().await;
                Ok("")
            })
        };
        let short = TaskPolicy::required().rerun().run_timeout(Duration::from_millis(50));
        let fine = Tool::new("fine", async |_cx, _: NoArgs| Ok("fine")).task(TaskPolicy::required());
        let mut config = crate::scene::config();
        config.worker_slots = 1;
        let tools = vec![trapped("trapped").task(TaskPolicy::required()), trapped("short").task(short), fine];
        let runtime = crate::scene::built(Faulty::new(&stores).stores(), config, tools).await;
        runtime.start();
        let me = client(&runtime);
        let task = me.start("trapped", json!({})).await.unwrap();
        crate::scene::until(&stores, task.id(), |record| record.head.lease.is_some()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        task.cancel().await.unwrap();
        let short = me.start("short", json!({})).await.unwrap();
        assert_eq!(reason(&in_time(short.result()).await.unwrap()), "run timeout", "its end is told");
        let fine = me.start("fine", json!({})).await.unwrap();
        assert_eq!(text(&in_time(fine.result()).await.unwrap()), "fine", "its slot is free again");
    })
    .await;
}
