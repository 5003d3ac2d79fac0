//! kill -9 again and again under load: nothing that was acknowledged is lost.
//!
//! `FASTESTMCP_KILLS` says how often; twenty times unless told otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Broken, Client, Client2025, Client2026, Engine, Http, Server, Store, times, until};

/// The code of what is refused for lack of room, which is no loss.
const OVERLOADED: i64 = 429;

/// Answers that the clients together have between two kills, at least.
const ANSWERS_A_ROUND: u64 = 12;

/// What the clients share.
#[derive(Default)]
struct Load {
    over: AtomicBool,
    answers: AtomicU64,
}

impl Load {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    fn answered(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a client has seen of a task that was acknowledged: its end, once that was seen.
type Tasks = BTreeMap<String, Option<Value>>;

on_every_engine!(kills_lose_nothing_that_was_acknowledged);

fn kills_lose_nothing_that_was_acknowledged(engine: Engine) {
    let server = Server::on(&Store::on(engine));
    let load = Arc::new(Load::default());
    let visitors = [visit_in_a_session(&server, &load), visit_by_handle(&server, &load)];
    let charging = {
        let (load, client) = (load.clone(), Client2025::new(Http::to(&server)));
        thread::spawn(move || submit(client, &load, "charge", &json!({ "amount": 1, "ms": 40 })))
    };
    let counting = {
        let (load, client) = (load.clone(), Client2026::new(Http::to(&server)));
        thread::spawn(move || submit(client, &load, "countdown", &json!({ "from": 3, "step_ms": 15 })))
    };
    let kills = times("FASTESTMCP_KILLS", 20);
    for round in 0..kills {
        thread::sleep(Duration::from_millis(100 + round * 97 % 300));
        // On a busy machine a process needs longer than that to have something to lose.
        until("load", || (ANSWERS_A_ROUND * (round + 1) < load.answers.load(Ordering::Relaxed)).then_some(()));
        server.kill();
        server.start_again();
    }
    load.over.store(true, Ordering::Relaxed);
    let visits = visitors.map(|visitor| visitor.join().unwrap());
    let (mut charger, charge_tasks, sent) = charging.join().unwrap();
    let (mut counter, countdown_tasks, _) = counting.join().unwrap();
    let tasks = (charge_tasks.len(), countdown_tasks.len());
    eprintln!("{engine:?}, {kills} kills: {visits:?} visits, {tasks:?} tasks acknowledged");
    assert!(tasks.0 > 10 && tasks.1 > 10 && visits.iter().all(|visits| *visits > 20), "no load");

    let charge_ends = ends(&mut charger, &charge_tasks, "charged 1", "worker lost");
    let countdown_ends = ends(&mut counter, &countdown_tasks, "liftoff", "attempts exhausted");
    // Those whose acknowledgement was lost are there or not; if they are, the session has them.
    let all: BTreeSet<String> = listed(&mut charger);
    let unknown: Tasks = all.iter().filter(|id| !charge_tasks.contains_key(*id)).map(|id| (id.clone(), None)).collect();
    let unknown_ends = ends(&mut charger, &unknown, "charged 1", "worker lost");
    server.kill_and_restart();
    unchanged(&mut charger, &charge_ends);
    unchanged(&mut charger, &unknown_ends);
    unchanged(&mut counter, &countdown_ends);

    let charges = counter.call("charges", json!({})).structured().clone();
    let (started, finished) = (charges["started"].as_u64().unwrap(), charges["finished"].as_u64().unwrap());
    let charged =
        charge_ends.values().chain(unknown_ends.values()).filter(|end| end["text"].is_string()).count() as u64;
    let calls = all.len() as u64;
    eprintln!("charges: {sent} sent, {calls} taken, {started} started, {finished} finished, {charged} ended well");
    assert!(charge_tasks.keys().all(|id| all.contains(id)) && calls <= sent);
    assert!(started <= calls && finished <= started && charged <= finished && charged > 0);
}

/// Calls until the storm is over; every number must be above the last. How many calls were acknowledged.
fn visit(load: &Load, mut call: impl FnMut() -> Result<Answer, Broken>) -> u64 {
    let (mut sent, mut acknowledged, mut last) = (0, 0, 0);
    while load.goes_on() {
        sent += 1;
        let Ok(answer) = call() else { continue };
        load.answered();
        let visits = answer.structured()["visits"].as_u64().unwrap();
        assert!(visits > last, "{visits} after {last}");
        last = visits;
        acknowledged += 1;
    }
    assert!(acknowledged <= last && last <= sent, "{acknowledged} acknowledged, {last} counted, {sent} sent");
    acknowledged
}

fn visit_in_a_session(server: &Arc<Server>, load: &Arc<Load>) -> thread::JoinHandle<u64> {
    let mut client = Client2025::new(Http::to(server));
    let load = load.clone();
    let params = json!({ "name": "visit", "arguments": {} });
    thread::spawn(move || visit(&load, || client.try_request("tools/call", &params, &mut |_| None)))
}

fn visit_by_handle(server: &Arc<Server>, load: &Arc<Load>) -> thread::JoinHandle<u64> {
    let mut client = Client2026::new(Http::to(server));
    let load = load.clone();
    let handle = client.call("visit", json!({})).structured()["handle"].clone();
    let params = json!({ "name": "visit", "arguments": { "handle": handle } });
    // One visit made the handle.
    thread::spawn(move || {
        let mut first = Some(());
        visit(&load, || match first.take() {
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

/// Submits and looks back until the storm is over; also how many calls were sent.
fn submit<C: Tasked>(mut client: C, load: &Load, tool: &str, arguments: &Value) -> (C, Tasks, u64) {
    let mut tasks = Tasks::new();
    let mut sent = 0;
    while load.goes_on() {
        sent += 1;
        if let Ok(answer) = client.try_start(tool, arguments.clone()) {
            load.answered();
            if answer.message.get("error").is_some() {
                assert_eq!(answer.code(), OVERLOADED, "{answer:?}");
            } else {
                let result = answer.result();
                let id = result["taskId"].as_str().or_else(|| result["task"]["taskId"].as_str()).unwrap();
                assert!(tasks.insert(id.to_owned(), None).is_none(), "an id was given twice");
            }
        }
        // Any acknowledged task is found at any time, and its end never changes.
        let back = tasks.len().checked_sub(1).map(|last| sent as usize * 7 % (last + 1));
        if let Some((id, seen)) = back.and_then(|index| tasks.iter_mut().nth(index))
            && let Ok(Some(end)) = client.look(id)
        {
            assert_eq!(seen.get_or_insert_with(|| end.clone()), &end, "an outcome changed");
        }
        thread::sleep(Duration::from_millis(10));
    }
    (client, tasks, sent)
}

/// Every task to its end, which is the one seen before and either whole or lost in the way the tool allows.
fn ends<C: Tasked>(client: &mut C, tasks: &Tasks, whole: &str, lost: &str) -> BTreeMap<String, Value> {
    let mut end_of = |id: &str, seen: &Option<Value>| {
        let end = until("the end of every task", || client.look(id).unwrap());
        assert_eq!(seen.as_ref().unwrap_or(&end), &end, "an outcome changed");
        assert!(end["text"] == whole || end["reason"] == lost, "{end}");
        end
    };
    tasks.iter().map(|(id, seen)| (id.clone(), end_of(id, seen))).collect()
}

fn unchanged<C: Tasked>(client: &mut C, ends: &BTreeMap<String, Value>) {
    for (id, end) in ends {
        assert_eq!(&client.look(id).unwrap().unwrap(), end, "an outcome changed");
    }
}

/// All tasks of the session.
fn listed(client: &mut Client2025<Http>) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut params = json!({});
    loop {
        let page = client.request("tasks/list", params).result().clone();
        ids.extend(page["tasks"].as_array().unwrap().iter().map(|task| task["taskId"].as_str().unwrap().to_owned()));
        match page.get("nextCursor") {
            Some(cursor) => params = json!({ "cursor": cursor }),
            None => return ids,
        }
    }
}
