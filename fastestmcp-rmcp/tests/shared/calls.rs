use std::time::{Duration, Instant};

use fastestmcp_rmcp::SharedHttpConfig;
use serde_json::json;

use crate::scene::{Nodes, until};

#[test]
fn a_call_is_cancelled_from_any_node_and_its_client_told_at_once() {
    let nodes = Nodes::two();
    let client = nodes.client();
    for (id, tool) in [(1, "slow"), (2, "deaf")] {
        let mut call = client.call(nodes.a, id, tool, json!({ "ms": 20_000 }));
        call.next().unwrap();
        assert_eq!(client.notify(nodes.b, "notifications/cancelled", json!({ "requestId": id })), 202);
        assert_eq!(call.code(), 499);
    }
    // One that does not listen is dropped when its time to end is over.
    until("the handlers have ended", || nodes.running() == 0);
}

#[test]
fn nobody_cancels_the_call_of_another_session() {
    let nodes = Nodes::two();
    let (client, other) = (nodes.client(), nodes.client());
    let mut call = client.call(nodes.a, 1, "slow", json!({ "ms": 1_500 }));
    call.next().unwrap();
    for node in [nodes.a, nodes.b] {
        assert_eq!(other.notify(node, "notifications/cancelled", json!({ "requestId": 1 })), 202);
    }
    assert_eq!(call.text(), "slept");
}

#[test]
fn an_id_in_flight_is_refused_and_free_as_soon_as_it_is_answered() {
    let nodes = Nodes::two();
    let (client, other) = (nodes.client(), nodes.client());
    let mut call = client.call(nodes.a, 1, "slow", json!({ "ms": 700 }));
    call.next().unwrap();
    let duplicate = client.call(nodes.a, 1, "echo", json!({}));
    assert_eq!((duplicate.status, duplicate.code()), (400, -32600));
    assert_eq!(other.call(nodes.a, 1, "echo", json!({})).text(), "{}", "another session has ids of its own");
    assert_eq!(call.text(), "slept");
    for _ in 0..100 {
        assert_eq!(client.call(nodes.a, 1, "echo", json!({})).text(), "{}");
    }
}

#[test]
fn a_handler_that_panics_ends_its_own_call_only() {
    let nodes = Nodes::two();
    let client = nodes.client();
    assert_eq!(client.call(nodes.a, 1, "panic", json!({})).code(), -32603);
    assert_eq!(client.call(nodes.a, 2, "echo", json!({})).text(), "{}");
    assert_eq!(nodes.running(), 0);
}

#[test]
fn a_level_that_is_set_anywhere_holds_everywhere() {
    let nodes = Nodes::two();
    let client = nodes.client();
    assert_eq!(
        client.request(nodes.a, 1, "logging/setLevel", json!({ "level": "error" })).answer()["result"],
        json!({})
    );
    assert!(!client.call(nodes.b, 2, "logs", json!({ "count": 2 })).is_stream(), "nothing is said but the answer");
    client.request(nodes.b, 3, "logging/setLevel", json!({ "level": "info" })).answer();
    let events = client.call(nodes.a, 4, "logs", json!({ "count": 2 })).rest();
    assert_eq!(events.iter().filter(|event| event.data.is_some()).count(), 3);
    assert!(client.request(nodes.a, 5, "logging/setLevel", json!({ "level": "loud" })).code() < 0);
}

#[test]
fn more_calls_than_there_may_be_are_refused_and_the_others_go_on() {
    let nodes = Nodes::with(SharedHttpConfig::default().max_calls(2, 3), |runtime| runtime);
    let (client, other) = (nodes.client(), nodes.client());
    let running: Vec<_> = [(&client, 1), (&client, 2), (&other, 1)]
        .map(|(client, id)| client.call(nodes.a, id, "slow", json!({ "ms": 1_500 })))
        .into_iter()
        .collect();
    assert_eq!(client.call(nodes.a, 3, "echo", json!({})).code(), 429, "of one session");
    assert_eq!(other.call(nodes.a, 2, "echo", json!({})).code(), 429, "of all");
    assert_eq!(client.call(nodes.b, 3, "echo", json!({})).text(), "{}", "another node has room of its own");
    running.into_iter().for_each(|call| assert_eq!(call.text(), "slept"));
    assert_eq!(client.call(nodes.a, 3, "echo", json!({})).text(), "{}");
}

#[test]
fn a_call_that_takes_too_long_is_ended() {
    let limit = Duration::from_millis(500);
    let nodes = Nodes::with(SharedHttpConfig::default().longest_call(limit), |runtime| runtime);
    let began = Instant::now();
    assert_eq!(nodes.client().call(nodes.a, 1, "deaf", json!({ "ms": 60_000 })).code(), -32603);
    assert!(began.elapsed() >= limit);
    until("its handler is dropped", || nodes.running() == 0);
}
