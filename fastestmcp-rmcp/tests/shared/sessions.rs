use std::time::Duration;

use fastestmcp_core::runtime::RuntimeConfig;
use serde_json::json;

use crate::client::{Client, initialize};
use crate::scene::{Nodes, REVISION, until};

#[test]
fn a_session_is_served_by_every_node() {
    let nodes = Nodes::two();
    let client = nodes.client();
    for (id, node) in [nodes.a, nodes.b, nodes.b, nodes.a].into_iter().enumerate() {
        let response = client.call(node, id as u64, "echo", json!({ "at": id }));
        assert!(!response.is_stream(), "an answer that comes at once is one body");
        assert_eq!(response.text(), format!(r#"{{"at":{id}}}"#));
    }
}

#[test]
fn a_handler_sees_the_session_and_the_head_of_its_request() {
    let nodes = Nodes::two();
    let ada = Client::new().with("x-user", "ada").open(nodes.a, REVISION);
    assert_eq!(ada.call(nodes.b, 1, "whose", json!({})).text(), r#"Local("ada")"#);
    assert_eq!(ada.with("x-asked", "yes").call(nodes.b, 2, "head", json!({})).text(), r#"Some("yes")"#);
}

#[test]
fn a_session_is_unknown_to_everybody_but_its_principal() {
    let nodes = Nodes::two();
    let ada = Client::new().with("x-user", "ada").open(nodes.a, REVISION);
    let grace = ada.with("x-user", "grace");
    for response in [
        grace.call(nodes.a, 1, "echo", json!({})),
        grace.get(nodes.b),
        grace.send(nodes.a, "DELETE", ""),
        grace.post(nodes.b, &initialize(REVISION)),
    ] {
        assert_eq!(response.status, 404);
    }
    assert_eq!(ada.call(nodes.b, 1, "echo", json!({})).text(), "{}");
}

#[test]
fn a_session_that_is_ended_anywhere_is_gone_everywhere_with_its_calls_and_streams() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut stream = client.get(nodes.b);
    stream.next().unwrap();
    let mut call = client.call(nodes.b, 1, "slow", json!({ "ms": 60_000 }));
    call.next().unwrap();
    assert_eq!(client.send(nodes.a, "DELETE", "").status, 204);
    assert_eq!(client.request(nodes.b, 2, "ping", json!({})).status, 404);
    assert_eq!(call.code(), 499);
    assert_eq!(stream.next(), None);
    until("the handler ends", || nodes.running() == 0);
    assert_eq!(client.send(nodes.b, "DELETE", "").status, 404);
}

#[test]
fn what_runs_for_a_session_holds_it_and_nothing_else_does() {
    let idle = Duration::from_millis(600);
    let nodes = Nodes::with(Default::default(), |runtime| {
        runtime.config(RuntimeConfig::default().session_idle(idle).session_init(idle))
    });
    let (held, left) = (nodes.client(), nodes.client());
    let mut stream = held.get(nodes.b);
    stream.next().unwrap();
    std::thread::sleep(idle * 3);
    assert_eq!(left.request(nodes.a, 1, "ping", json!({})).status, 404);
    assert_eq!(held.request(nodes.a, 1, "ping", json!({})).status, 200);
    drop(stream);
}

#[test]
fn what_was_agreed_stays_agreed() {
    let nodes = Nodes::two();
    let client = nodes.client();
    assert_eq!(client.post(nodes.b, &initialize("2025-03-26")).status, 400);
    // Still primed, as clients of the agreed revision are.
    assert!(client.get(nodes.b).next().unwrap().retry);
}

#[test]
fn what_is_said_before_there_is_a_session_does_not_cost_it() {
    let nodes = Nodes::two();
    let mut message = initialize(REVISION);
    message["params"]["clientInfo"]["name"] = json!("greeted");
    let response = Client::new().post(nodes.a, &message);
    assert!(response.header("mcp-session-id").is_some());
    assert_eq!(response.answer()["result"]["protocolVersion"], REVISION);
}

#[test]
fn an_initialize_that_cannot_be_one_makes_no_session() {
    let nodes = Nodes::two();
    let client = Client::new();
    let refused = |message: &serde_json::Value| {
        let response = client.post(nodes.a, message);
        assert_eq!(response.header("mcp-session-id"), None);
        (response.status, response.code())
    };
    let mut message = initialize(REVISION);
    message.as_object_mut().unwrap().remove("id");
    assert_eq!(refused(&message), (400, -32600));
    assert_eq!(refused(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize" })), (200, -32602));
    assert_eq!(refused(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {} })), (200, -32602));
    let mut large = initialize(REVISION);
    large["params"]["capabilities"]["experimental"] = json!({ "x": { "y": "z".repeat(70_000) } });
    assert_eq!(refused(&large), (200, -32602));
}

#[test]
fn a_revision_that_nobody_speaks_is_refused_with_those_that_are_spoken() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let future = client.with("mcp-protocol-version", "1999-01-01");
    let response = future.request(nodes.a, 1, "ping", json!({}));
    assert_eq!(response.status, 400);
    let answer = response.answer();
    assert!(answer["error"]["data"]["supported"].as_array().unwrap().contains(&json!(REVISION)), "{answer}");
    let newcomer = Client::new().with("mcp-protocol-version", "2099-01-01");
    assert_eq!(newcomer.post(nodes.a, &initialize(REVISION)).status, 400);
    let mismatched = Client::new().with("mcp-protocol-version", "2025-06-18");
    assert_eq!(mismatched.post(nodes.a, &initialize(REVISION)).status, 400);
}

#[test]
fn a_request_that_is_none_is_told_so_by_its_status() {
    let nodes = Nodes::two();
    let (client, a) = (nodes.client(), nodes.a);
    let ping = r#"{"jsonrpc": "2.0", "id": 1, "method": "ping"}"#;
    let stranger = Client::new().with("mcp-session-id", "unknown");
    assert_eq!(Client::new().send(a, "POST", ping).status, 400, "no session");
    assert_eq!(stranger.send(a, "POST", ping).status, 404);
    assert_eq!(stranger.get(a).status, 404);
    assert_eq!(Client::new().get(a).status, 400);
    assert_eq!(client.with("accept", "application/json").send(a, "POST", ping).status, 406);
    assert_eq!(client.with("accept", "application/json").get(a).status, 406);
    assert_eq!(client.with("accept", "*/*").send(a, "POST", ping).status, 200);
    assert_eq!(client.with("content-type", "text/plain").send(a, "POST", ping).status, 415);
    assert_eq!(client.send(a, "POST", "[]").status, 400);
    assert_eq!(client.send(a, "POST", "{").code(), -32700);
    assert_eq!(client.with("host", "evil.example").send(a, "POST", ping).status, 403);
    assert_eq!(client.with("origin", "https://evil.example").send(a, "POST", ping).status, 403);
    assert_eq!(client.send(a, "PUT", ping).status, 405);
    assert_eq!(client.resume(a, "zz").status, 400);
    for nobody in ["a.1.2", "n0den0den0.1.2"] {
        assert_eq!(client.reply(a, &json!(nobody), json!({})), 202, "to nothing that was asked");
    }
    assert_eq!(client.send(a, "POST", &" ".repeat(5 << 20)).status, 413);
}

#[test]
fn more_sessions_than_there_may_be_are_refused_until_others_end() {
    let nodes = Nodes::with(Default::default(), |runtime| runtime.config(RuntimeConfig::default().max_sessions(1)));
    let client = nodes.client();
    let response = Client::new().post(nodes.a, &initialize(REVISION));
    assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
    assert_eq!(response.code(), 429);
    client.send(nodes.a, "DELETE", "");
    until("there is room again", || Client::new().post(nodes.a, &initialize(REVISION)).status == 200);
}

#[test]
fn a_request_without_a_session_is_served_beside_them() {
    let nodes = Nodes::two();
    let info = json!({ "name": "client", "version": "1" });
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": info,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let client = Client::new().with("mcp-protocol-version", "2026-07-28").with("mcp-method", "tools/call");
    let params = json!({ "name": "echo", "arguments": { "a": 1 }, "_meta": meta });
    let client = client.with("mcp-name", "echo");
    assert_eq!(client.request(nodes.b, 1, "tools/call", params).text(), r#"{"a":1}"#);
}
