//! Resources, prompts and completions without a wire: how they are refused, and how they end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use fastestmcp::prelude::*;
use fastestmcp::{CallError, Complete, CompletionTarget, LocalClient, RuntimeConfig, ServerBuilder};
use serde_json::json;
use tokio::sync::Notify;

async fn client(server: ServerBuilder) -> LocalClient {
    let server = server.stores(connect("memory:").await.unwrap()).build().unwrap();
    server.local(Principal::Local("me".into())).await.unwrap()
}

fn reason(error: &CallError) -> String {
    error.to_rpc().data.unwrap_or_default()["reason"].as_str().unwrap_or_default().to_owned()
}

/// Arguments whose decoding panics.
#[derive(JsonSchema)]
struct Mined {}

impl<'de> Deserialize<'de> for Mined {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("while it is decoded")
    }
}

/// A value that panics while it is written.
struct Trap;

impl Serialize for Trap {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("while it is written")
    }
}

#[tokio::test]
async fn two_of_one_name_or_uri_and_what_cannot_be_shown_are_refused_when_the_server_is_built() {
    let stores = connect("memory:").await.unwrap();
    let refused = |server: ServerBuilder| server.stores(stores.clone()).build().unwrap_err().to_string();
    let resource = |uri: &str| Resource::new(uri, async |_cx| Ok("x"));
    let template = |uri: &str| ResourceTemplate::new(uri, async |_cx, (): ()| Ok("x"));
    let prompt = |name: &str| Prompt::new(name, async |_cx, (): ()| Ok("x"));
    let tool = |name: &str| Tool::new(name, async |_: Context, (): ()| Ok("x"));
    let new = || Server::builder("s");
    let cases = [
        (new().resource(resource("a:b")).resource(resource("a:b")), "resource \"a:b\" is there twice"),
        (new().resource(template("a:{b}")).resource(template("a:{b}")), "resource template \"a:{b}\" is there twice"),
        (new().prompt(prompt("p")).prompt(prompt("p")), "prompt \"p\" is there twice"),
        (new().tool(tool("t")).tool(tool("t")), "tool \"t\" is there twice"),
        (new().resource(resource("b")), "resource \"b\" is no URI: a scheme, `:`, and no spaces"),
        (new().resource(template("a:{b")), "resource template \"a:{b\" has a brace without its other"),
    ];
    for (server, sentence) in cases {
        assert_eq!(refused(server), sentence);
    }
    // A tool, a resource and a prompt may share a name.
    new().tool(tool("x")).prompt(prompt("x")).resource(resource("a:b").name("x")).stores(stores).build().unwrap();
}

#[tokio::test]
async fn a_panic_of_any_part_of_a_handler_ends_its_request_and_nothing_else() {
    let sync = |_cx: Context| {
        if true {
            panic!("before the first await");
        }
        async { Ok("") }
    };
    let server = Server::builder("panics")
        .resource(Resource::new("a:sync", sync))
        .resource(Resource::new("a:written", async |_cx| Ok(Json(Trap))))
        .resource(ResourceTemplate::new("b:{part}", async |_cx, _: Mined| Ok("")))
        .resource(Resource::new("a:fine", async |_cx| Ok("fine")))
        .prompt(Prompt::new("decoding", async |_cx, _: Mined| Ok("")));
    let me = client(server).await;
    for uri in ["a:sync", "a:written", "b:c"] {
        assert_eq!(reason(&me.read_resource(uri).await.unwrap_err()), "panic", "{uri}");
    }
    assert_eq!(reason(&me.get_prompt("decoding", json!({})).await.unwrap_err()), "panic");
    assert_eq!(me.read_resource("a:fine").await.unwrap().contents[0].text.as_deref(), Some("fine"));
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_ended() {
    let forever = || std::future::pending::<Result<&'static str, ToolError>>();
    let server = Server::builder("slow")
        .resource(Resource::new("a:b", move |_cx| forever()).timeout(Duration::from_secs(5)))
        .prompt(
            Prompt::new("p", move |_cx, _: std::collections::BTreeMap<String, String>| forever())
                .complete("a", async |_cx: Context, _: &str| std::future::pending::<Result<[&str; 0], _>>().await),
        );
    let me = client(server).await;
    let began = tokio::time::Instant::now();
    assert!(matches!(me.read_resource("a:b").await, Err(CallError::Timeout)));
    assert!(began.elapsed() < Duration::from_secs(6), "its own timeout");
    assert!(matches!(me.get_prompt("p", json!({})).await, Err(CallError::Timeout)));
    let complete = Complete::new(CompletionTarget::Prompt("p".to_owned()), "a", "");
    assert!(matches!(me.complete(complete).await, Err(CallError::Timeout)));
}

#[tokio::test]
async fn reads_prompts_and_completions_count_as_calls() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gates = (entered.clone(), leave.clone());
    let held = Resource::with_state("a:held", gates, async |(entered, leave): (Arc<Notify>, Arc<Notify>), _cx| {
        entered.notify_one();
        leave.notified().await;
        Ok("x")
    });
    let server = Server::builder("full")
        .resource(held)
        .resource(
            ResourceTemplate::new("b:{c}", async |_cx, (): ()| Ok("x"))
                .complete("c", async |_cx: Context, _: &str| Ok(["x"])),
        )
        .prompt(Prompt::new("p", async |_cx, (): ()| Ok("x")))
        .runtime(RuntimeConfig::default().max_calls(1));
    let me = client(server).await;
    let holding = tokio::spawn({
        let me = me.clone();
        async move { me.read_resource("a:held").await }
    });
    entered.notified().await;
    let complete = || Complete::new(CompletionTarget::Resource("b:{c}".to_owned()), "c", "");
    let overloaded = |error: CallError| matches!(error, CallError::Overloaded { resource: "calls", .. });
    assert!(overloaded(me.read_resource("b:d").await.unwrap_err()));
    assert!(overloaded(me.get_prompt("p", json!({})).await.unwrap_err()));
    assert!(overloaded(me.complete(complete()).await.unwrap_err()));
    assert_eq!(me.list_resources().await.unwrap().len(), 1, "lists take no room");
    leave.notify_one();
    holding.await.unwrap().unwrap();
    me.complete(complete()).await.unwrap();
}

#[tokio::test]
async fn an_in_process_client_lists_all_pages_reads_gets_and_answers() {
    #[derive(Deserialize, JsonSchema)]
    struct Name {
        name: String,
    }
    async fn hello(cx: Context) -> Result<String, ToolError> {
        match cx.elicit::<Name>("name", "Who?").await? {
            Answer::Accepted(Name { name }) => Ok(name),
            _ => Err(ToolError::new("nobody")),
        }
    }
    let mut server = Server::builder("local").resource(ResourceTemplate::new("t:{a}", async |_cx, (): ()| Ok("x")));
    for index in 0..1_001 {
        server = server
            .resource(Resource::new(format!("a:{index}"), hello))
            .prompt(Prompt::new(format!("p{index}"), async |cx: Context, (): ()| hello(cx).await))
            .tool(Tool::new(format!("t{index}"), async |_: Context, (): ()| Ok("x")));
    }
    let me = client(server).await.answering(|_, _| Some(json!({ "action": "accept", "content": { "name": "ada" } })));
    let (tools, resources) = (me.list_tools().await.unwrap(), me.list_resources().await.unwrap());
    let (templates, prompts) = (me.list_resource_templates().await.unwrap(), me.list_prompts().await.unwrap());
    assert_eq!((tools.len(), resources.len(), templates.len(), prompts.len()), (1_001, 1_001, 1, 1_001));
    assert_eq!((tools[1_000].name(), resources[7].uri(), prompts[500].name()), ("t1000", "a:7", "p500"));
    assert_eq!(me.read_resource("a:7").await.unwrap().contents[0].text.as_deref(), Some("ada"));
    let got = me.get_prompt("p7", json!({})).await.unwrap();
    assert_eq!(got.messages, [PromptMessage::user("ada")]);
}
