//! Two processes on one data set: it does not matter which of them a client talks to.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Client, Client2025, Client2026, Engine, Http, Server, Store, left, until};

/// Far less than the tasks waited for would take by themselves, and more than a lost wake-up costs (contract T12).
const PROMPT: Duration = Duration::from_secs(3);

on_every_engine!(
    a_session_is_the_same_on_both,
    concurrent_updates_on_both_lose_nothing,
    a_task_goes_on_elsewhere_when_its_process_is_killed,
    a_wait_on_one_ends_with_a_cancel_on_the_other,
    a_wait_on_one_ends_when_the_other_answers_the_question,
    both_run_tasks_of_one_queue_each_once,
);

fn two(engine: Engine) -> [Arc<Server>; 2] {
    let store = Store::on(engine);
    [Server::on(&store), Server::on(&store)]
}

fn a_session_is_the_same_on_both(engine: Engine) {
    let [a, b] = two(engine);
    let mut at_a = Client2025::new(Http::to(&a));
    let mut at_b = at_a.over(Http::to(&b));
    for visit in 1..=5 {
        let client = if visit % 2 == 1 { &mut at_a } else { &mut at_b };
        assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": visit }));
    }
    let session = at_a.session().to_owned();
    assert!(matches!(at_b.link().delete(&session), 200 | 202 | 204));
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    for client in [&mut at_a, &mut at_b] {
        assert_eq!(client.send(&ping, &mut |_| None).unwrap().status, 404);
    }
}

fn concurrent_updates_on_both_lose_nothing(engine: Engine) {
    const EACH: u64 = 25;
    let servers = two(engine);
    let client = Client2025::new(Http::to(&servers[0]));
    let threads: Vec<_> = (0..4)
        .map(|index| {
            let mut client = client.over(Http::to(&servers[index % 2]));
            thread::spawn(move || {
                for _ in 0..EACH {
                    client.call("visit", json!({})).structured();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut client = client.over(Http::to(&servers[1]));
    assert_eq!(client.call("visit", json!({})).structured(), &json!({ "visits": 4 * EACH + 1 }));
}

fn a_task_goes_on_elsewhere_when_its_process_is_killed(engine: Engine) {
    let [a, b] = two(engine);
    let mut at_a = Client2026::new(Http::to(&a));
    let mut at_b = Client2026::new(Http::to(&b));
    // Whoever claimed it, one of the two kills hits its worker.
    let id = at_a.start("countdown", json!({ "from": 20, "step_ms": 150 }));
    until("the first step", || left(&at_b.task(&id)));
    a.kill();
    until("steps at the other", || left(&at_b.task(&id)).filter(|left| *left <= 10));
    a.start_again();
    b.kill();
    let ended = until("the end", || Some(at_a.task(&id)).filter(|task| task["status"] != "working"));
    assert_eq!(ended["result"]["content"][0]["text"], "liftoff", "{ended}");
}

fn a_wait_on_one_ends_with_a_cancel_on_the_other(engine: Engine) {
    let [a, b] = two(engine);
    for (here, there) in [(&a, &b), (&b, &a)] {
        let mut client = Client2025::new(Http::to(here));
        let id = client.start("countdown", json!({ "from": 600, "step_ms": 100 }));
        let mut waiting = client.over(Http::to(there));
        let waits = {
            let id = id.clone();
            thread::spawn(move || (waiting.about("tasks/result", &id), Instant::now()))
        };
        until("the first step", || client.task(&id).get("statusMessage").cloned());
        assert_eq!(client.about("tasks/cancel", &id).result()["status"], "cancelled");
        let cancelled = Instant::now();
        let (answer, woken) = waits.join().unwrap();
        assert!(answer.code() > 0);
        assert!(woken.saturating_duration_since(cancelled) < PROMPT, "woken after {:?}", woken - cancelled);
    }
}

fn a_wait_on_one_ends_when_the_other_answers_the_question(engine: Engine) {
    let [a, b] = two(engine);
    let mut at_a = Client2025::new(Http::to(&a));
    let id = at_a.start("book_trip", json!({ "city": "Rome" }));
    let mut waiting = at_a.over(Http::to(&b));
    let (asked, question) = std::sync::mpsc::channel();
    let waits = {
        let id = id.clone();
        thread::spawn(move || {
            let params = json!({ "taskId": id });
            let answer = waiting.try_request("tasks/result", &params, &mut |message| {
                asked.send(message.clone()).unwrap();
                None
            });
            (answer.unwrap(), Instant::now())
        })
    };
    assert_eq!(question.recv().unwrap()["method"], "elicitation/create");
    let yes = json!({ "action": "accept", "content": { "ok": true } });
    assert_eq!(at_a.result_answering(&id, &yes).0.text(), ("booked Rome", false));
    let answered = Instant::now();
    let (answer, woken) = waits.join().unwrap();
    assert_eq!(answer.text(), ("booked Rome", false));
    assert!(woken.saturating_duration_since(answered) < PROMPT, "woken after {:?}", woken - answered);
}

fn both_run_tasks_of_one_queue_each_once(engine: Engine) {
    const TASKS: u64 = 40;
    let [a, b] = two(engine);
    let mut at_a = Client2026::new(Http::to(&a));
    let mut at_b = Client2026::new(Http::to(&b));
    let ids: Vec<String> = (0..TASKS)
        .map(|amount| {
            let client = if amount % 2 == 0 { &mut at_a } else { &mut at_b };
            client.start("charge", json!({ "amount": amount, "ms": 20 }))
        })
        .collect();
    for (amount, id) in ids.iter().enumerate() {
        let ended = until("the end", || Some(at_a.task(id)).filter(|task| task["status"] != "working"));
        assert_eq!(ended["result"]["content"][0]["text"], format!("charged {amount}"), "{ended}");
        assert_eq!(at_b.task(id), ended);
    }
    let expected = json!({ "started": TASKS, "finished": TASKS });
    assert_eq!(at_b.call("charges", json!({})).structured(), &expected);
}
