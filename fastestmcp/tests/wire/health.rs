//! What those are told who probe a server, and an application that the endpoint is a part of.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use fastestmcp::prelude::*;
use serde_json::json;
use tokio::net::TcpListener;

use crate::client::Http;
use crate::eras::both;
use crate::scene::{Served, tools, two_users};
use fastestmcp_conformance::stage::{Fault, Faulty};

fn probe(served: &Served, path: &str) -> (u16, String) {
    let url = format!("http://{}{path}", served.address);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    // As a balancer asks: by an address or a name of its own, and as nobody.
    let mut answer = agent.get(url).header("host", "10.0.0.7:9999").call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

fn until(served: &Served, status: u16) {
    let began = Instant::now();
    while probe(served, "/healthz").0 != status {
        assert!(began.elapsed() < Duration::from_secs(20), "never {status}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_server_is_ready_while_its_stores_answer_and_live_while_it_runs() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let faulty = Faulty::new(&runtime.block_on(connect("memory:")).unwrap());
    let stores = faulty.stores();
    let served = Served::on(async { stores }, tools().authenticate(two_users()).health("/healthz"));
    for path in ["/healthz", "/healthz/ready"] {
        assert_eq!(probe(&served, path), (200, "ready\n".to_owned()));
    }
    assert_eq!(probe(&served, "/healthz/live"), (200, "live\n".to_owned()));
    for fault in [Fault::Fail(u32::MAX), Fault::Hang] {
        faulty.set("ping", fault);
        until(&served, 503);
        assert_eq!(probe(&served, "/healthz/ready"), (503, "not ready\n".to_owned()));
        assert_eq!(probe(&served, "/healthz/live").0, 200);
        faulty.set("ping", Fault::Fail(0));
        until(&served, 200);
    }
    assert_eq!(probe(&served, "/healthy").0, 404);
    let posted = Http::new(format!("http://{}/healthz", served.address)).post(&json!({}));
    assert_eq!(posted.status, 405);
    let asked = faulty.count("ping");
    for _ in 0..200 {
        probe(&served, "/healthz");
    }
    assert!(faulty.count("ping") - asked < 60, "many who probe ask the stores no more than few");
}

#[test]
fn nobody_is_told_anything_where_no_health_was_asked_for() {
    let served = Served::new(tools());
    assert_eq!(probe(&served, "/healthz").0, 404);
}

#[test]
fn the_endpoint_is_a_tower_service_that_can_be_mounted_anywhere() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = runtime.block_on(async {
        let server = tools().stores(connect("memory:").await.unwrap()).build().unwrap();
        let service = server.into_service().await.unwrap();
        let app = Router::new().route("/hello", get(async || "hello")).nest_service("/tools/mcp", service.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { service.serve_with(app, listener, std::future::pending()).await });
        address
    });
    for client in both(&Http::new(format!("http://{address}/tools/mcp"))) {
        assert_eq!(client.call("keep", json!({ "handle": "x" })).text().len(), 43);
    }
    let hello = Http::new(format!("http://{address}/hello")).send("GET", Vec::new());
    assert_eq!(hello.status, 200);
}
