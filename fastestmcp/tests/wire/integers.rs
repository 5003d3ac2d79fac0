//! To JSON Schema 3.0 is an integer, and models write it so: in arguments and in what people fill in, in either era.

use fastestmcp::prelude::*;
use serde_json::{Value, json};

use crate::eras::{Era, Session, Stateless};
use crate::scene::{Served, tools};

#[derive(Deserialize, JsonSchema)]
struct Order {
    pieces: Vec<Option<u32>>,
    note: Value,
}

#[derive(Deserialize, JsonSchema)]
struct Age {
    age: u8,
}

async fn age(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    match cx.elicit::<Age>("age", "How old are you?").await? {
        Answer::Accepted(Age { age }) => Ok(format!("{age} years")),
        _ => Ok("nobody".to_owned()),
    }
}

fn served() -> Served {
    let order = async |_: Context, Order { pieces, note }: Order| Ok(format!("{pieces:?} {note}"));
    let order = Tool::new("order", order).task(TaskPolicy::required());
    Served::new(tools().tool(order).tool(Tool::new("age", age)))
}

#[test]
fn an_integer_may_be_written_as_a_double_in_arguments_and_stays_a_double_where_none_is_wanted() {
    let served = served();
    let arguments = json!({ "pieces": [3.0, null, 4], "note": 5.0 });
    let expected = "[Some(3), None, Some(4)] 5.0";
    let stateless = Stateless::new(&served.http());
    let task = stateless.call("order", arguments.clone());
    let done = stateless.until(task.result()["taskId"].as_str().unwrap(), "completed");
    assert_eq!(done.result()["result"]["content"][0]["text"], expected, "{done:?}");
    let session = Session::begin(&served.http());
    let params = json!({ "name": "order", "arguments": arguments, "task": {} });
    let task = session.request("tools/call", params);
    let task = task.result()["task"]["taskId"].as_str().unwrap();
    assert_eq!(session.about("tasks/result", task).text(), expected);
}

#[test]
fn an_integer_may_be_written_as_a_double_in_a_form() {
    let served = served();
    let answer = json!({ "action": "accept", "content": { "age": 36.0 } });
    let session = Session::begin(&served.http());
    let mut call = session.ask("tools/call", json!({ "name": "age" }));
    let asked = call.next().unwrap();
    assert_eq!(session.reply_with(&asked, &answer).status, 202);
    assert_eq!(call.answer().text(), "36 years");
    let stateless = Stateless::new(&served.http());
    let asked = stateless.call("age", json!({}));
    let params = json!({
        "name": "age",
        "arguments": {},
        "inputResponses": { "age": answer },
        "requestState": asked.result()["requestState"],
    });
    assert_eq!(stateless.request("tools/call", params).text(), "36 years");
}
