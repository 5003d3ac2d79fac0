use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastestmcp_core::event::List;
use serde_json::{Value, json};

use crate::client::Response;
use crate::scene::Nodes;

const WATCHED: &str = "app://watched";

fn updated(uri: &str) -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": { "uri": uri } })
}

impl Nodes {
    fn update(&self, node: usize, uri: &str) {
        self.runtime.block_on(self.nodes[node].service.changes().resource_updated(uri)).unwrap();
    }

    fn change(&self, node: usize, list: List) {
        self.runtime.block_on(self.nodes[node].service.changes().list_changed(list)).unwrap();
    }
}

fn next(stream: &mut Response) -> Value {
    stream.next().unwrap().message().clone()
}

#[test]
fn a_subscriber_hears_of_its_resource_from_any_node_and_of_no_other() {
    let nodes = Nodes::two();
    let (client, other) = (nodes.client(), nodes.client());
    let subscribe = |id, method: &str| client.request(nodes.a, id, method, json!({ "uri": WATCHED })).answer();
    assert_eq!(subscribe(1, "resources/subscribe")["result"], json!({}));
    let (mut stream, mut others) = (client.get(nodes.b), other.get(nodes.b));
    let _ = (stream.next().unwrap(), others.next().unwrap());
    nodes.update(0, "app://other");
    nodes.update(0, WATCHED);
    assert_eq!(next(&mut stream), updated(WATCHED));
    // From now on it does not; what comes then is not about it.
    assert_eq!(subscribe(2, "resources/unsubscribe")["result"], json!({}));
    nodes.change(0, List::Prompts);
    assert_eq!(next(&mut stream)["method"], "notifications/prompts/list_changed");
    nodes.update(1, WATCHED);
    nodes.change(1, List::Tools);
    assert_eq!(next(&mut stream)["method"], "notifications/tools/list_changed");
    assert_eq!(next(&mut others)["method"], "notifications/prompts/list_changed");
}

#[test]
fn who_subscribes_while_its_stream_is_open_hears_on_it() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let mut stream = client.get(nodes.b);
    stream.next().unwrap();
    client.request(nodes.a, 1, "resources/subscribe", json!({ "uri": WATCHED })).answer();
    // Its stream follows within a second, and what changes before that is no news to it.
    let heard = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !heard.load(Ordering::SeqCst) {
                nodes.update(0, WATCHED);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let message = stream.next();
        heard.store(true, Ordering::SeqCst);
        assert_eq!(message.unwrap().message(), &updated(WATCHED));
    });
}

#[test]
fn a_subscription_that_the_handler_refuses_is_none() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let refused = client.request(nodes.a, 1, "resources/subscribe", json!({ "uri": "elsewhere://x" }));
    assert_eq!(refused.code(), -32602);
    let mut stream = client.get(nodes.b);
    stream.next().unwrap();
    nodes.update(0, "elsewhere://x");
    nodes.change(0, List::Resources);
    assert_eq!(next(&mut stream)["method"], "notifications/resources/list_changed");
}

#[test]
fn who_comes_back_is_told_of_what_changed_meanwhile() {
    let nodes = Nodes::two();
    let client = nodes.client();
    client.request(nodes.a, 1, "resources/subscribe", json!({ "uri": WATCHED })).answer();
    let last = client.get(nodes.a).next().unwrap();
    nodes.update(0, WATCHED);
    nodes.change(1, List::Tools);
    let mut stream = client.resume(nodes.b, last.id());
    let mut heard: Vec<Value> = std::iter::from_fn(|| stream.next()).filter_map(|event| event.data).take(2).collect();
    heard.sort_by_key(|message| message["method"].as_str().unwrap().to_owned());
    assert_eq!(heard[0], updated(WATCHED));
    assert_eq!(heard[1]["method"], "notifications/tools/list_changed");
}
