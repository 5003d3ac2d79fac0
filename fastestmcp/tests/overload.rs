//! What cannot be served is refused with a typed answer, and what is there goes on unharmed (contract C5, R2).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use fastestmcp::{BoundServer, Context, NoArgs, RuntimeConfig, Server, Stores, Tool, connect};
use fastestmcp_core::backend::Backend;
use fastestmcp_store_sqlite::SqliteStore;
use serde_json::{Value, json};

const ACCEPT: &str = "application/json, text/event-stream";

/// Posts a message; the status, the headers asked for, and the JSON of the body, be it an event or not.
fn post(url: &str, session: Option<&str>, message: &Value) -> (u16, Option<String>, Option<String>, Value) {
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let mut request = agent.post(url).header("content-type", "application/json").header("accept", ACCEPT);
    if let Some(session) = session {
        request = request.header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25");
    }
    let mut response = request.send(message.to_string()).unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (status, id, retry) = (response.status().as_u16(), header("mcp-session-id"), header("retry-after"));
    let body = response.body_mut().read_to_string().unwrap();
    let json =
        body.lines().map(|line| line.strip_prefix("data:").unwrap_or(line).trim()).rfind(|line| line.starts_with('{'));
    (status, id, retry, json.map_or(Value::Null, |json| serde_json::from_str(json).unwrap()))
}

fn initialize() -> Value {
    let info = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params })
}

fn visit() -> Value {
    json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "visit" } })
}

async fn server(stores: Stores, config: RuntimeConfig) -> BoundServer {
    let visit = Tool::new("visit", async |cx: Context, _: NoArgs| {
        Ok(cx.update_state("n", |n: Option<u64>| n.unwrap_or(0) + 1).await?.to_string())
    });
    let server = Server::builder("refusing").tool(visit).stores(stores).runtime(config).build().unwrap();
    server.bind_http("127.0.0.1:0").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_too_many_is_refused_with_503_and_the_live_one_goes_on() {
    let mut config = RuntimeConfig::default();
    config.max_sessions = 1;
    let bound = server(connect("memory:").await.unwrap(), config).await;
    let url = format!("http://{}/mcp", bound.local_addr());
    let serving = tokio::spawn(bound.serve(std::future::pending()));
    tokio::task::spawn_blocking(move || {
        let (status, session, _, _) = post(&url, None, &initialize());
        assert_eq!(status, 200);
        let session = session.unwrap();
        let (status, id, retry, refused) = post(&url, None, &initialize());
        assert_eq!((status, id, retry.as_deref()), (503, None, Some("1")));
        assert_eq!(refused["error"]["code"], 429);
        assert_eq!(refused["error"]["data"], json!({ "resource": "sessions", "retryAfterMs": 1_000 }));
        let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(post(&url, Some(&session), &begun).0, 202);
        assert_eq!(post(&url, Some(&session), &visit()).3["result"]["content"][0]["text"], "1");
    })
    .await
    .unwrap();
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_is_a_masked_error_and_never_a_session_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("state.db")).await.unwrap();
    let bound = server(Stores::of(store.clone()), RuntimeConfig::default()).await;
    let url = format!("http://{}/mcp", bound.local_addr());
    let serving = tokio::spawn(bound.serve(std::future::pending()));
    let at = url.clone();
    let session = tokio::task::spawn_blocking(move || post(&at, None, &initialize()).1.unwrap()).await.unwrap();
    store.close().await.unwrap();
    tokio::task::spawn_blocking(move || {
        for message in [visit(), initialize()] {
            let session = (message["method"] != "initialize").then_some(&*session);
            let (status, _, _, answer) = post(&url, session, &message);
            assert_eq!((status, &answer["error"]["code"]), (200, &json!(-32603)));
            assert_eq!(answer["error"]["data"], json!({ "reason": "store unavailable" }));
        }
    })
    .await
    .unwrap();
    serving.abort();
}
