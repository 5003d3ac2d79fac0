//! kill -9 again and again under load: nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Broken, Client, Client2025, Client2026, Http, Server, until};

const KILLS: u64 = 20;
/// The code of what is refused for lack of room, which is no loss.
const OVERLOADED: i64 = 429;

/// What the clients were told.
#[derive(Default)]
struct Ledger {
    over: AtomicBool,
    charges_sent: AtomicU64,
}

/// A task that was acknowledged, and its end once that was seen.
struct Acknowledged {
    tool: &'static str,
    end: Option<Value>,
}

type Tasks = BTreeMap<String, Acknowledged>;

#[test]
fn twenty_kills_lose_nothing_that_was_acknowledged() {
    let server = Server::new();
    let ledger = Arc::new(Ledger::default());
    let visitors = [visit_in_a_session(&server, &ledger), visit_by_handle(&server, &ledger)];
    let old = {
        let (ledger, client) = (ledger.clone(), Client2025::new(Http::to(&server)));
        thread::spawn(move || submit(client, &ledger))
    };
    let new = {
        let (ledger, client) = (ledger.clone(), Client2026::new(Http::to(&server)));
        thread::spawn(move || submit(client, &ledger))
    };
    for round in 0..KILLS {
        thread::sleep(Duration::from_millis(100 + round * 97 % 300));
        server.kill();
        server.start_again();
    }
    ledger.over.store(true, Ordering::Relaxed);
    let visits = visitors.map(|visitor| visitor.join().unwrap());
    let (mut old, old_tasks) = old.join().unwrap();
    let (mut new, new_tasks) = new.join().unwrap();
    let tasks = old_tasks.len() + new_tasks.len();
    eprintln!("{KILLS} kills: {visits:?} visits and {tasks} tasks acknowledged");
    assert!(tasks > 50 && visits.iter().all(|visits| *visits > 50), "no load");

    let old_ends = ends(&mut old, &old_tasks);
    let new_ends = ends(&mut new, &new_tasks);
    server.kill_and_restart();
    for (id, end) in &old_ends {
        assert_eq!(&old.look(id).unwrap().unwrap(), end, "an outcome changed");
    }
    for (id, end) in &new_ends {
        assert_eq!(&new.look(id).unwrap().unwrap(), end, "an outcome changed");
    }

    let charges = new.call("charges", json!({})).structured().clone();
    let (started, finished) = (charges["started"].as_u64().unwrap(), charges["finished"].as_u64().unwrap());
    let sent = ledger.charges_sent.load(Ordering::Relaxed);
    let charged = [(&old_tasks, &old_ends), (&new_tasks, &new_ends)].into_iter().flat_map(|(tasks, ends)| {
        ends.iter().filter(|(id, end)| tasks[*id].tool == "charge" && end["text"].is_string())
    });
    let charged = charged.count() as u64;
    eprintln!("charges: {sent} sent, {started} started, {finished} finished, {charged} acknowledged as finished");
    assert!(started <= sent && finished <= started && charged <= finished && charged > 0);
}

/// Calls until the storm is over; every number must be above the last. How many calls were acknowledged.
fn visit(ledger: &Ledger, mut call: impl FnMut() -> Result<Answer, Broken>) -> u64 {
    let (mut sent, mut acknowledged, mut last) = (0, 0, 0);
    while !ledger.over.load(Ordering::Relaxed) {
        sent += 1;
        let Ok(answer) = call() else { continue };
        let visits = answer.structured()["visits"].as_u64().unwrap();
        assert!(visits > last, "{visits} after {last}");
        last = visits;
        acknowledged += 1;
    }
    assert!(acknowledged <= last && last <= sent, "{acknowledged} acknowledged, {last} counted, {sent} sent");
    acknowledged
}

fn visit_in_a_session(server: &Arc<Server>, ledger: &Arc<Ledger>) -> thread::JoinHandle<u64> {
    let mut client = Client2025::new(Http::to(server));
    let ledger = ledger.clone();
    let params = json!({ "name": "visit", "arguments": {} });
    thread::spawn(move || visit(&ledger, || client.try_request("tools/call", &params, &mut |_| None)))
}

fn visit_by_handle(server: &Arc<Server>, ledger: &Arc<Ledger>) -> thread::JoinHandle<u64> {
    let mut client = Client2026::new(Http::to(server));
    let ledger = ledger.clone();
    let handle = client.call("visit", json!({})).structured()["handle"].clone();
    let params = json!({ "name": "visit", "arguments": { "handle": handle } });
    // One visit made the handle.
    thread::spawn(move || {
        let mut first = Some(());
        visit(&ledger, || match first.take() {
            Some(()) => Ok(Answer::of(&json!({ "structuredContent": { "visits": 1 } }))),
            None => client.try_request("tools/call", params.clone()),
        })
    })
}

/// What both eras have to say about tasks.
trait Tasked {
    fn try_start(&mut self, tool: &str, arguments: Value) -> Result<Answer, Broken>;

    /// The end of a task: its text, or the reason of its failure; `None` while it works.
    fn look(&mut self, id: &str) -> Result<Option<Value>, Broken>;
}

impl Tasked for Client2025<Http> {
    fn try_start(&mut self, tool: &str, arguments: Value) -> Result<Answer, Broken> {
        let params = json!({ "name": tool, "arguments": arguments, "task": {} });
        self.try_request("tools/call", &params, &mut |_| None)
    }

    fn look(&mut self, id: &str) -> Result<Option<Value>, Broken> {
        let params = json!({ "taskId": id });
        let task = self.try_request("tasks/get", &params, &mut |_| None)?.result().clone();
        if task["status"] == "working" {
            return Ok(None);
        }
        let message = self.try_request("tasks/result", &params, &mut |_| None)?.message;
        Ok(Some(end(&task, &message["result"], &message["error"])))
    }
}

impl Tasked for Client2026<Http> {
    fn try_start(&mut self, tool: &str, arguments: Value) -> Result<Answer, Broken> {
        self.try_request("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    fn look(&mut self, id: &str) -> Result<Option<Value>, Broken> {
        let task = self.try_request("tasks/get", json!({ "taskId": id }))?.result().clone();
        Ok((task["status"] != "working").then(|| end(&task, &task["result"], &task["error"])))
    }
}

fn end(task: &Value, result: &Value, error: &Value) -> Value {
    json!({
        "status": task["status"],
        "updated": task["lastUpdatedAt"],
        "text": result["content"][0]["text"],
        "reason": error["data"]["reason"],
    })
}

/// Submits and looks back until the storm is over.
fn submit<C: Tasked>(mut client: C, ledger: &Ledger) -> (C, Tasks) {
    let mut tasks = Tasks::new();
    for round in 0_usize.. {
        if ledger.over.load(Ordering::Relaxed) {
            break;
        }
        let (tool, arguments) = if round % 2 == 0 {
            ledger.charges_sent.fetch_add(1, Ordering::Relaxed);
            ("charge", json!({ "amount": round, "ms": 30 }))
        } else {
            ("countdown", json!({ "from": 3, "step_ms": 15 }))
        };
        if let Ok(answer) = client.try_start(tool, arguments) {
            if answer.message.get("error").is_some() {
                assert_eq!(answer.code(), OVERLOADED, "{answer:?}");
            } else {
                let result = answer.result();
                let id = result["taskId"].as_str().or_else(|| result["task"]["taskId"].as_str()).unwrap();
                let new = tasks.insert(id.to_owned(), Acknowledged { tool, end: None });
                assert!(new.is_none(), "an id was given twice");
            }
        }
        // Any acknowledged task is found at any time, and its end never changes.
        let back = tasks.len().checked_sub(1).map(|last| round * 7 % (last + 1));
        if let Some((id, task)) = back.and_then(|index| tasks.iter_mut().nth(index))
            && let Ok(Some(end)) = client.look(id)
        {
            assert_eq!(task.end.get_or_insert_with(|| end.clone()), &end, "an outcome changed");
        }
        thread::sleep(Duration::from_millis(10));
    }
    (client, tasks)
}

/// Every task to its end, which is the one seen before.
fn ends<C: Tasked>(client: &mut C, tasks: &Tasks) -> BTreeMap<String, Value> {
    let end_of = |client: &mut C, id: &str, task: &Acknowledged| {
        let end = until("the end of every task", || client.look(id).unwrap());
        assert_eq!(task.end.as_ref().unwrap_or(&end), &end, "an outcome changed");
        let lost = if task.tool == "charge" { "worker lost" } else { "attempts exhausted" };
        let whole = end["text"] == "liftoff" || end["text"].as_str().is_some_and(|text| text.starts_with("charged "));
        assert!(whole || end["reason"] == lost, "{}: {end}", task.tool);
        end
    };
    tasks.iter().map(|(id, task)| (id.clone(), end_of(client, id, task))).collect()
}
