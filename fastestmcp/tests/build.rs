//! What an author gives is checked when the server is built, in whatever order it was given.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use fastestmcp::prelude::*;
use fastestmcp::{HttpConfig, RuntimeConfig, ServerBuilder, Stores};
use fastestmcp_store_memory::MemoryStore;
use serde_json::{Map, json};

fn builder(name: &str) -> ServerBuilder {
    Server::builder(name).stores(Stores::of(MemoryStore::new()))
}

fn tool(name: &str) -> Tool {
    Tool::new(name, async |_: Context, _: NoArgs| Ok("done"))
}

#[test]
fn absurd_servers_are_refused_when_they_are_built() {
    let long = "x".repeat(1 << 20);
    let absurd = [
        builder(""),
        builder("a\0b"),
        builder(&long),
        builder("s").version(""),
        builder("s").version("1\n2"),
        builder("s").title("a\u{1b}[31m"),
        builder("s").website(""),
        builder("s").instructions("a\0b"),
        builder("s").instructions(&*long),
        builder("s").http(HttpConfig::default().path("no-slash")),
        builder("s").http(HttpConfig::default().path("/{capture")),
        builder("s").http(HttpConfig::default().max_body(0)),
        builder("s").http(HttpConfig::default().sse_keep_alive(Some(Duration::ZERO))),
        builder("s").tools([tool("t"), tool("t")]),
        builder("s").tool(tool("")),
        builder("s").tool(tool("a\nb")),
        builder("s").tool(tool(&long)),
        builder("s").tool(tool("t").description("\0")),
        builder("s").tool(tool("t").input_schema(Map::new())),
        builder("s").tool(Tool::new("t", async |_: Context, _: String| Ok("done"))),
        Server::builder("s"),
        Server::builder("s").task_backend(MemoryStore::new()),
    ];
    for builder in absurd {
        let shown = format!("{builder:.200?}");
        let error = builder.build().err().unwrap_or_else(|| panic!("built: {shown:.200}"));
        assert!(error.to_string().len() < 1_000, "{error}");
    }
    assert!(builder("s").title("The S").version("1.2.3").tools([tool("a"), tool("b")]).build().is_ok());
}

#[tokio::test]
async fn the_order_of_what_is_given_does_not_matter() {
    let (lease, stores) = (Duration::from_secs(7), || Stores::of(MemoryStore::new()));
    let config = || RuntimeConfig::default().worker_slots(3).lease(Duration::from_secs(9));
    let one = Server::builder("s").lease(lease).runtime(config()).stores(stores());
    let other = Server::builder("s").stores(stores()).runtime(config()).lease(lease);
    for builder in [one, other] {
        let service = builder.tool(tool("t")).build().unwrap().into_service().await.unwrap();
        assert_eq!((service.runtime().config().lease, service.runtime().config().worker_slots), (lease, 3));
        service.shutdown().await;
    }
    // A seam that is given by itself is not lost to what all seams are given.
    let mine = MemoryStore::new();
    let before = Server::builder("s").task_backend(mine.clone()).stores(stores());
    let after = Server::builder("s").stores(stores()).task_backend(mine.clone());
    for builder in [before, after] {
        let service =
            builder.tool(tool("t").task(TaskPolicy::required())).build().unwrap().into_service().await.unwrap();
        let client = service.runtime().local(Principal::Local("me".into()));
        let task = client.start("t", json!({})).await.unwrap();
        let all = fastestmcp::core::principal::OwnerFilter::Any;
        let part = fastestmcp::core::task::Part::Head;
        let found = fastestmcp::core::task::TaskBackend::get(&mine, std::slice::from_ref(task.id()), &all, part).await;
        assert!(found.unwrap().value[0].is_some(), "the task is in another store");
        service.shutdown().await;
    }
}
