//! What is kept for a principal, or sealed into what it carries, is for nobody else (contract C1, C6, T15).

use serde_json::{Value, json};

use crate::client::Answer;
use crate::eras::{Era, Session, Stateless, accept, both};
use crate::scene::{OrNobody, Served, handle, tools};

#[test]
fn values_are_the_principals_or_the_sessions() {
    let served = Served::to_two_users();
    for (name, http) in [("ada", served.ada()), ("grace", served.grace())] {
        let stateless = Stateless::new(&http);
        assert_eq!(stateless.call("visit", json!({})).text(), "1", "{name}");
        assert_eq!(stateless.call("visit", json!({})).text(), "2", "{name}");
        assert_eq!(Session::begin(&http).call("visit", json!({})).text(), "1", "{name}");
    }
}

#[test]
fn a_handle_of_somebody_else_is_one_that_does_not_exist() {
    let served = Served::to_two_users();
    for ada in both(&served.ada()) {
        let id = ada.call("keep", handle("a secret")).text().to_owned();
        for grace in both(&served.grace()) {
            let foreign = grace.call("open", handle(&id)).unnumbered();
            assert_eq!(foreign.result()["isError"], true, "{foreign:?}");
            assert_eq!(foreign, grace.call("open", handle("no-handle")).unnumbered());
        }
        for ada in both(&served.ada()) {
            assert_eq!(ada.call("open", handle(&id)).text(), "a secret");
        }
    }
}

#[test]
fn a_handle_of_nobody_is_opened_by_whoever_is_nobody_and_knows_it() {
    let served = Served::new(tools().authenticate(OrNobody));
    for nobody in both(&served.http()) {
        let id = nobody.call("keep", handle("no secret")).text().to_owned();
        for nobody in both(&served.http()) {
            assert_eq!(nobody.call("open", handle(&id)).text(), "no secret");
        }
        for ada in both(&served.ada()) {
            assert_eq!(ada.call("open", handle(&id)).result()["isError"], true);
        }
    }
}

fn resumed(era: &Stateless, tool: &str, state: &Value, name: &str) -> Answer {
    let answers = json!({ "name": accept(name) });
    era.request("tools/call", json!({ "name": tool, "inputResponses": answers, "requestState": state }))
}

#[test]
fn the_state_of_a_suspended_call_is_good_for_who_was_given_it() {
    let served = Served::to_two_users();
    let (ada, grace) = (Stateless::new(&served.ada()), Stateless::new(&served.grace()));
    let suspended = ada.call("greet", json!({}));
    assert_eq!(suspended.result()["resultType"], "input_required", "{suspended:?}");
    let state = &suspended.result()["requestState"];
    let garbled = json!(format!("{}A", state.as_str().unwrap()));
    let foreign = resumed(&grace, "greet", state, "grace").unnumbered();
    assert_eq!(foreign.code(), -32602);
    assert_eq!(foreign, resumed(&grace, "greet", &garbled, "grace").unnumbered());
    assert_eq!(resumed(&ada, "visit", state, "ada").code(), -32602, "of another tool");
    assert_eq!(resumed(&ada, "greet", state, "ada").text(), "hello ada");
}
