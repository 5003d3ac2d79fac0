use std::time::Duration;

use serde_json::json;

use crate::scene::Nodes;

#[test]
fn a_node_that_stops_lets_calls_end_and_leaves_their_answers_to_the_others() {
    let nodes = Nodes::two();
    let client = nodes.client();
    let primed = client.call(nodes.a, 1, "slow", json!({ "ms": 700 })).next().unwrap();
    let mut read = client.call(nodes.a, 2, "slow", json!({ "ms": 60_000 }));
    read.next().unwrap();
    let mut stream = client.get(nodes.a);
    stream.next().unwrap();
    nodes.runtime.block_on(nodes.nodes[0].service.drain(Duration::from_secs(2)));
    assert_eq!(stream.next(), None, "streams end");
    assert_eq!(read.answer()["error"]["data"]["reason"], "stopped", "what does not end is told so");
    let answered = client.resume(nodes.b, primed.id()).rest();
    assert_eq!(answered.last().unwrap().message()["result"]["content"][0]["text"], "slept");
}
