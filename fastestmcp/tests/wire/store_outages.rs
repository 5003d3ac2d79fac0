//! A store that does not answer for a moment ends no wait for a task, and makes nothing absent.

use std::sync::Arc;
use std::time::Duration;

use fastestmcp::prelude::*;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::client::Response;
use crate::eras::{Era, Session, Stateless};
use crate::scene::{Served, tools};
use fastestmcp_conformance::stage::{Fault, Faulty};

struct Scene {
    served: Served,
    faulty: Faulty,
    /// Lets the handler of `gated` end.
    gate: Arc<Semaphore>,
}

impl Scene {
    fn new() -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let gated = async |gate: Arc<Semaphore>, _: Context, _: NoArgs| {
            gate.acquire().await?.forget();
            Ok("through")
        };
        let gated = Tool::with_state("gated", gate.clone(), gated).task(TaskPolicy::required());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let faulty = Faulty::new(&runtime.block_on(connect("memory:")).unwrap());
        let stores = faulty.stores();
        Self { served: Served::on(async { stores }, tools().tool(gated)), faulty, gate }
    }

    /// From now on so many reads of tasks fail.
    fn fail_reads(&self, times: u32) {
        self.faulty.set("get", Fault::Fail(times));
    }

    /// Waits until somebody waits for a task.
    fn watched(&self) {
        let polls = self.faulty.count("poll");
        while self.faulty.count("poll") == polls {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn status(stream: &mut Response) -> Value {
    let message = stream.next().unwrap();
    assert_eq!(message["method"], "notifications/tasks", "{message}");
    message["params"]["status"].clone()
}

#[test]
fn a_subscription_goes_on_after_reads_that_failed() {
    let scene = Scene::new();
    let stateless = Stateless::new(&scene.served.http());
    let task = stateless.start("gated");
    let mut stream = stateless.ask("subscriptions/listen", json!({ "notifications": { "taskIds": [task] } }));
    assert_eq!(stream.next().unwrap()["params"]["notifications"]["taskIds"], json!([task]));
    assert_eq!(status(&mut stream), "working");
    scene.fail_reads(3);
    scene.gate.add_permits(1);
    while status(&mut stream) != "completed" {}
}

#[test]
fn a_subscription_that_cannot_be_looked_up_is_a_masked_error_and_no_absence() {
    let scene = Scene::new();
    let stateless = Stateless::new(&scene.served.http());
    let task = stateless.start("gated");
    scene.fail_reads(u32::MAX);
    let refused = stateless.request("subscriptions/listen", json!({ "notifications": { "taskIds": [task] } }));
    assert_eq!((refused.code(), &refused.error()["data"]["reason"]), (-32603, &json!("store unavailable")));
    let session = Session::begin(&scene.served.http());
    let refused = session.about("tasks/result", &task);
    assert_eq!((refused.code(), &refused.error()["data"]["reason"]), (-32603, &json!("store unavailable")));
}

#[test]
fn a_wait_for_a_result_goes_on_after_reads_that_failed() {
    let scene = Scene::new();
    let session = Session::begin(&scene.served.http());
    let task = session.start("gated");
    let waiting = session.ask("tasks/result", json!({ "taskId": task }));
    scene.watched();
    scene.fail_reads(3);
    scene.gate.add_permits(1);
    assert_eq!(waiting.answer().text(), "through");
}
