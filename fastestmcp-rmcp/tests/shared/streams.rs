use serde_json::json;

use crate::client::Client;
use crate::scene::{Nodes, REVISION};

#[test]
fn what_is_not_about_a_request_comes_on_the_stream_of_the_session_on_any_node() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut stream = client.get(nodes.b);
    let priming = stream.next().unwrap();
    assert!(priming.retry && priming.data.is_none() && priming.id().starts_with("g."));
    assert!(!client.call(nodes.a, 1, "list_changed", json!({})).is_stream());
    let event = stream.next().unwrap();
    assert_eq!(event.message()["method"], "notifications/tools/list_changed");
    // Who comes back on another node gets what it does not have, and no more.
    client.call(nodes.b, 2, "list_changed", json!({})).text();
    let mut resumed = client.resume(nodes.a, event.id());
    let missed = resumed.next().unwrap();
    assert_ne!(missed.id(), event.id());
    assert_eq!(missed.message()["method"], "notifications/tools/list_changed");
    assert!(resumed.next().unwrap().data.is_none(), "the priming event of its own");
}

#[test]
fn the_newest_stream_of_a_session_wins_on_any_node() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut streams: Vec<_> = [nodes.a, nodes.b, nodes.a, nodes.b]
        .map(|node| {
            let mut stream = client.get(node);
            stream.next().unwrap();
            stream
        })
        .into_iter()
        .collect();
    let mut newest = streams.pop().unwrap();
    streams.iter_mut().for_each(|stream| assert_eq!(stream.next(), None));
    client.call(nodes.a, 1, "list_changed", json!({})).text();
    assert!(newest.next().unwrap().data.is_some());
}

#[test]
fn a_stream_is_of_its_own_session_only() {
    let nodes = Nodes::two();
    let (client, other) = (nodes.client(), nodes.client());
    let (mut stream, mut others) = (client.get(nodes.a), other.get(nodes.a));
    let _ = (stream.next().unwrap(), others.next().unwrap());
    other.call(nodes.a, 1, "list_changed", json!({})).text();
    client.call(nodes.a, 1, "ask_later", json!({})).text();
    assert_eq!(stream.next().unwrap().message()["method"], "roots/list");
    assert_eq!(others.next().unwrap().message()["method"], "notifications/tools/list_changed");
}

#[test]
fn clients_of_older_revisions_get_no_event_without_a_message() {
    let nodes = Nodes::two();
    for revision in ["2025-06-18", "2025-03-26", "2024-11-05"] {
        let client = Client::opened(nodes.a, revision);
        let events = client.call(nodes.b, 1, "logs", json!({ "count": 3 })).rest();
        assert_eq!(events.len(), 4);
        assert!(events.iter().all(|event| event.data.is_some() && !event.retry), "{events:?}");
        let mut stream = client.get(nodes.b);
        client.call(nodes.a, 2, "list_changed", json!({})).text();
        let first = stream.next().unwrap();
        assert!(first.data.is_some() && !first.retry, "{first:?}");
    }
    assert!(Client::opened(nodes.a, REVISION).call(nodes.b, 1, "logs", json!({ "count": 1 })).next().unwrap().retry);
}
