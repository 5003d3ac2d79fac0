//! A task is its owner's (contract G9): to everybody else it is one that does not exist, by every method of both eras.

use serde_json::{Value, json};

use crate::client::Http;
use crate::eras::{Era, Stateless, accept, both};
use crate::scene::{OrNobody, Served, tools};

const UNKNOWN: &str = "task-that-never-was";

/// What each method of the era tells of a task.
fn told(era: &dyn Era, task: &str, stateless: bool) -> Vec<Value> {
    let answers = json!({ "name": accept("grace") });
    let mut told = vec![
        era.about("tasks/get", task),
        era.about("tasks/cancel", task),
        era.request("tasks/update", json!({ "taskId": task, "inputResponses": answers })),
    ];
    if !stateless {
        told.push(era.about("tasks/result", task));
    }
    told.into_iter().map(|answer| json!([answer.status, answer.unnumbered().message])).collect()
}

/// The tasks that a subscription to `ids` is acknowledged for.
fn honoured(http: &Http, ids: &[&str]) -> Value {
    let listen = json!({ "notifications": { "taskIds": ids } });
    let mut listening = Stateless::new(http).ask("subscriptions/listen", listen);
    let acknowledged = listening.next().unwrap();
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged", "{acknowledged}");
    acknowledged["params"]["notifications"]["taskIds"].clone()
}

#[test]
fn a_foreign_task_is_answered_like_an_unknown_one_and_goes_on() {
    let served = Served::to_two_users();
    for ada in both(&served.ada()) {
        let task = ada.start("greet-later");
        ada.until(&task, "input_required");
        for (grace, stateless) in both(&served.grace()).iter().zip([false, true]) {
            let foreign = told(&**grace, &task, stateless);
            assert_eq!(foreign, told(&**grace, UNKNOWN, stateless));
            assert!(foreign.iter().all(|told| told[1]["error"]["code"].is_i64()), "{foreign:?}");
        }
        assert_eq!(honoured(&served.grace(), &[&task, UNKNOWN]), json!([]));
        assert_eq!(honoured(&served.ada(), &[UNKNOWN, &task]), json!([task]));
        // Neither answered nor cancelled; and hers in whichever era she asks.
        for own in both(&served.ada()) {
            assert_eq!(own.about("tasks/get", &task).result()["status"], "input_required");
        }
        let answer = json!({ "taskId": task, "inputResponses": { "name": accept("ada") } });
        Stateless::new(&served.ada()).request("tasks/update", answer).result();
        let done = Stateless::new(&served.ada()).until(&task, "completed");
        assert_eq!(done.result()["result"]["content"][0]["text"], "hello ada");
    }
}

#[test]
fn a_list_has_ones_own_tasks_and_its_cursor_is_good_for_oneself() {
    let served = Served::to_two_users();
    let [ada, stateless] = both(&served.ada());
    let [grace, _] = both(&served.grace());
    let mut own: Vec<_> = (0..120).map(|_| stateless.start("work")).collect();
    let his = grace.start("work");
    let ids = |list: &Value| -> Vec<String> {
        list["tasks"].as_array().unwrap().iter().map(|task| task["taskId"].as_str().unwrap().to_owned()).collect()
    };
    let list = |era: &dyn Era, cursor: &Value| era.request("tasks/list", json!({ "cursor": cursor }));
    assert_eq!(ids(list(&*grace, &Value::Null).result()), [his]);

    let first = list(&*ada, &Value::Null);
    let cursor = &first.result()["nextCursor"];
    assert!(cursor.is_string(), "one page holds 120: {}", ids(first.result()).len());
    let garbled = json!(format!("{}x", cursor.as_str().unwrap()));
    for (era, cursor) in [(&grace, cursor), (&ada, &garbled), (&ada, &json!("")), (&ada, &json!("x"))] {
        let refused = list(&**era, cursor);
        assert_eq!((refused.code(), &refused.error()["message"]), (-32602, &json!("invalid cursor")));
    }
    // A cursor of one list is none of another.
    assert_eq!(ada.request("tools/list", json!({ "cursor": cursor })).code(), -32602);

    let (mut seen, mut cursor) = (ids(first.result()), cursor.clone());
    while cursor.is_string() {
        let page = list(&*ada, &cursor);
        seen.extend(ids(page.result()));
        cursor = page.result()["nextCursor"].clone();
    }
    seen.sort_unstable();
    own.sort_unstable();
    assert_eq!(seen, own, "each once, over all pages");
}

#[test]
fn who_is_nobody_and_has_no_session_reaches_a_task_by_its_id_and_a_user_does_not() {
    // Who shows a token is a user, who shows none is nobody.
    let served = Served::new(tools().authenticate(OrNobody));
    let nobody = Stateless::new(&served.http());
    let task = nobody.start("greet-later");
    nobody.until(&task, "input_required");
    assert_eq!(Stateless::new(&served.http()).about("tasks/get", &task).result()["taskId"], task);
    for ada in both(&served.ada()) {
        assert_eq!(
            ada.about("tasks/get", &task).unnumbered(),
            ada.about("tasks/get", UNKNOWN).unnumbered(),
            "who is somebody is not nobody"
        );
    }
    let hers = Stateless::new(&served.ada()).start("greet-later");
    for nobody in both(&served.http()) {
        let unknown = nobody.about("tasks/get", UNKNOWN).unnumbered();
        assert_eq!(nobody.about("tasks/get", &hers).unnumbered(), unknown);
    }
}
