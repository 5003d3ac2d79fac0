//! Who is nobody is counted by the address that he calls from (contract R2), and who is somebody is not.

use std::time::Duration;

use fastestmcp::{HttpConfig, RuntimeConfig, ServerBuilder};
use serde_json::json;

use crate::client::Http;
use crate::eras::{Era, Session, Stateless};
use crate::scene::{OrNobody, Served, tools};

/// One that lets each create two tasks, and then one a second.
fn limited(server: ServerBuilder) -> Served {
    let runtime = RuntimeConfig::default().grace(Duration::from_millis(200)).task_rate(2, 1);
    Served::new(server.authenticate(OrNobody).runtime(runtime))
}

fn behind_a_proxy() -> Served {
    limited(tools().http(HttpConfig::default().client_address_header("x-forwarded-for")))
}

/// Whether a task is made, or refused in the words of overload.
fn makes(era: &dyn Era, params: serde_json::Value) -> bool {
    let answer = era.request("tools/call", params);
    if answer.message.get("result").is_some() {
        return true;
    }
    assert_eq!((answer.code(), &answer.error()["data"]["resource"]), (429, &json!("task creation")), "{answer:?}");
    let retry_after = answer.error()["data"]["retryAfterMs"].as_u64().unwrap();
    assert!((1..=1_000).contains(&retry_after), "{answer:?}");
    false
}

/// How many of four that are asked for one after the other.
fn of_four(http: &Http) -> usize {
    let era = Stateless::new(http);
    (0..4).filter(|_| makes(&era, json!({ "name": "work" }))).count()
}

/// So many of a burst, with one more where a second went by.
fn is_burst(made: usize) -> bool {
    (2..=3).contains(&made)
}

#[test]
fn who_is_nobody_has_the_bucket_of_his_address_as_the_nearest_proxy_says_it() {
    let served = behind_a_proxy();
    let from = |value: &str| served.http().with("x-forwarded-for", value);
    assert!(is_burst(of_four(&from("192.0.2.1"))));
    // What a client writes before what the proxy adds buys nothing.
    assert!(of_four(&from("203.0.113.9, 192.0.2.1")) < 2);
    assert!(of_four(&from("203.0.113.9").with("x-forwarded-for", "192.0.2.1")) < 2);
    assert!(of_four(&from("192.0.2.1:4711")) < 2, "as some proxies say it");
    assert!(is_burst(of_four(&from("192.0.2.2"))), "another address");
    assert!(is_burst(of_four(&from("192.0.2.1, 192.0.2.3"))), "the last one counts");
}

#[test]
fn what_a_proxy_does_not_say_is_counted_by_the_connection() {
    let served = behind_a_proxy();
    assert!(is_burst(of_four(&served.http().with("x-forwarded-for", "unknown"))));
    assert!(of_four(&served.http()) < 2);
}

#[test]
fn a_header_that_nobody_trusts_is_ignored() {
    let served = limited(tools());
    assert!(is_burst(of_four(&served.http().with("x-forwarded-for", "192.0.2.1"))));
    assert!(of_four(&served.http().with("x-forwarded-for", "192.0.2.2")) < 2);
}

#[test]
fn a_user_has_a_bucket_of_his_own_wherever_he_calls_from() {
    let served = behind_a_proxy();
    let from = |http: &Http, address: &str| of_four(&http.with("x-forwarded-for", address));
    assert!(is_burst(from(&served.http(), "192.0.2.1")));
    assert!(is_burst(from(&served.ada(), "192.0.2.1")));
    assert!(is_burst(from(&served.grace(), "192.0.2.1")));
    assert!(from(&served.ada(), "192.0.2.2") < 2, "another address is no other user");
}

#[test]
fn a_session_more_is_no_bucket_more_for_who_is_nobody() {
    let served = limited(tools());
    let made = (0..4).filter(|_| makes(&Session::begin(&served.http()), json!({ "name": "work", "task": {} })));
    assert!(is_burst(made.count()));
}
