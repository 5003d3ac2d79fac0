//! Following tasks on a stream (2026-07-28).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Client2025, Client2026, Http, Server, until};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
const PATIENCE: Duration = Duration::from_secs(20);

/// Listens in a thread: what comes before the answer, and the answer if the stream has one.
fn listen(server: &Arc<Server>, id: Value, tasks: &[&str]) -> (Receiver<Value>, thread::JoinHandle<Option<Answer>>) {
    let mut client = Client2026::new(Http::to(server));
    let params = json!({ "notifications": { "taskIds": tasks }, "_meta": client.meta() });
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params });
    let (seen, receiver) = channel();
    let listening = thread::spawn(move || {
        let mut meanwhile = |message: &Value| {
            seen.send(message.clone()).unwrap();
            None
        };
        client.send_seeing(&message, &mut meanwhile).ok()
    });
    (receiver, listening)
}

#[test]
fn own_tasks_are_followed_to_their_end_and_a_stop_ends_the_stream() {
    let server = Server::new();
    let mut client = Client2026::new(Http::to(&server));
    let trip = client.start("book_trip", json!({ "city": "Rome" }));
    until("the question", || (client.task(&trip)["status"] == "input_required").then_some(()));
    let foreign = Client2025::new(Http::to(&server)).start("countdown", json!({ "from": 3, "step_ms": 1 }));

    for id in [json!(7), json!("7")] {
        let (seen, listening) = listen(&server, id.clone(), &[&trip, &foreign, "task-of-nobody"]);
        let next = || seen.recv_timeout(PATIENCE).unwrap();
        let first = next();
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
        assert_eq!(first["params"]["notifications"]["taskIds"], json!([trip]));
        let second = next();
        assert_eq!((&second["method"], &second["params"]["taskId"]), (&json!("notifications/tasks"), &json!(trip)));
        let waiting = second["params"]["status"] == "input_required";
        if waiting {
            assert!(second["params"]["inputRequests"].get("confirm").is_some(), "{second}");
            let yes = json!({ "confirm": { "action": "accept", "content": { "ok": true } } });
            client.update(&trip, yes).result();
        }
        let mut all = vec![first, second];
        while all.last().unwrap()["params"]["status"] != "completed" {
            all.push(next());
        }
        assert_eq!(all.last().unwrap()["params"]["result"]["content"][0]["text"], "booked Rome");
        assert_eq!(waiting, all.len() > 2, "{all:?}");
        for message in &all {
            assert_eq!(message["params"]["_meta"][SUBSCRIPTION], id, "{message}");
        }
        if !waiting {
            assert_eq!(server.stop().0, Some(0));
            let answer = listening.join().unwrap().unwrap();
            assert_eq!(answer.message["id"], id);
            assert_eq!(answer.result()["_meta"][SUBSCRIPTION], id, "{}", answer.message);
        }
    }
}
