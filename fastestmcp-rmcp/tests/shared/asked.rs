use serde_json::{Value, json};

use crate::scene::Nodes;

fn roots() -> Value {
    json!({ "roots": [{ "uri": "file:///x" }] })
}

#[test]
fn a_reply_finds_who_asked_whichever_node_it_reaches() {
    let nodes = Nodes::two();
    let client = nodes.client();
    for (id, node) in [(1, nodes.a), (2, nodes.b)] {
        let mut call = client.call(nodes.a, id, "roots", json!({}));
        let priming = call.next().unwrap();
        assert!(priming.retry && priming.data.is_none());
        let question = call.next().unwrap();
        assert_eq!(question.message()["method"], "roots/list");
        assert_eq!(client.reply(node, &question.message()["id"], roots()), 202);
        assert!(call.text().contains("file:///x"));
    }
}

#[test]
fn two_calls_that_ask_at_once_get_each_its_own_reply() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut calls: Vec<_> =
        (0..8).map(|id| client.call([nodes.a, nodes.b][id % 2], id as u64, "roots", json!({}))).collect();
    let questions: Vec<_> = calls.iter_mut().map(|call| call.rest_until_request()).collect();
    for (at, question) in questions.iter().enumerate().rev() {
        let reply = json!({ "roots": [{ "uri": format!("file:///{at}") }] });
        assert_eq!(client.reply([nodes.b, nodes.a][at % 2], &question["id"], reply), 202);
    }
    for (at, call) in calls.into_iter().enumerate() {
        assert!(call.text().contains(&format!("file:///{at}")));
    }
}

#[test]
fn a_reply_of_another_session_is_not_taken() {
    let nodes = Nodes::two();
    let (client, other) = (nodes.client(), nodes.client());
    let mut call = client.call(nodes.a, 1, "roots", json!({}));
    let question = call.rest_until_request();
    for node in [nodes.a, nodes.b] {
        assert_eq!(other.reply(node, &question["id"], json!({ "roots": [{ "uri": "file:///theirs" }] })), 202);
    }
    assert_eq!(client.reply(nodes.b, &question["id"], roots()), 202);
    assert!(call.text().contains("file:///x"));
}

#[test]
fn an_error_of_the_client_is_a_reply_too() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut call = client.call(nodes.a, 1, "roots", json!({}));
    let question = call.rest_until_request();
    let error = json!({ "code": -1, "message": "not today" });
    client.post(nodes.b, &json!({ "jsonrpc": "2.0", "id": question["id"], "error": error }));
    assert!(call.answer()["error"]["message"].as_str().unwrap().contains("not today"));
}

#[test]
fn what_belongs_to_no_request_is_asked_on_the_stream_of_the_session() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut stream = client.get(nodes.a);
    stream.next().unwrap();
    assert_eq!(client.call(nodes.b, 1, "ask_later", json!({})).text(), "will ask");
    let question = stream.next().unwrap();
    assert_eq!(question.message()["method"], "roots/list");
    assert_eq!(client.reply(nodes.a, &question.message()["id"], roots()), 202);
    let logged = stream.next().unwrap();
    assert!(logged.message()["params"]["data"].as_str().unwrap().contains("file:///x"), "{logged:?}");
}
