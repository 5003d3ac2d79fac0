//! Arguments that do not decode make no task (contract T14), in either era.

use serde_json::json;

use crate::eras::{Era, Session, Stateless};
use crate::scene::{Served, tasks_of_all};

#[test]
fn no_task_is_made_of_arguments_that_do_not_decode() {
    let served = Served::to_two_users();
    let (session, stateless) = (Session::begin(&served.ada()), Stateless::new(&served.ada()));
    for arguments in [json!({}), json!({ "name": 7 }), json!({ "nam": "x" }), json!({ "name": null })] {
        let told = stateless.call("name", arguments.clone());
        assert_eq!(told.result()["isError"], true, "{told:?}");
        assert!(told.result().get("taskId").is_none() && told.text().starts_with("invalid arguments: "), "{told:?}");
        let asked = session.request("tools/call", json!({ "name": "name", "arguments": arguments, "task": {} }));
        assert_eq!(asked.result()["isError"], true, "{asked:?}");
        assert!(
            asked.result().get("task").is_none() && asked.text() == told.text(),
            "both are told the same: {asked:?}"
        );
    }
    assert_eq!(tasks_of_all(&served), 0, "something is left in the store");
    // One that decodes is made, so that it was looked where they are.
    let good = json!({ "name": "name", "arguments": { "name": "x" }, "task": {} });
    session.request("tools/call", good).result();
    assert_eq!(tasks_of_all(&served), 1);
}
