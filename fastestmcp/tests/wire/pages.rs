//! A list of more than 500 tools comes in pages, in both eras.

use std::collections::HashSet;

use fastestmcp::prelude::*;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::eras::{Era, both};
use crate::scene::{Served, two_users};

const TOOLS: usize = 1_203;

fn many() -> Served {
    let tool = |index| Tool::new(format!("tool-{index:04}"), async |_: Context, _: NoArgs| Ok("x"));
    Served::new(Server::builder("many").tools((0..TOOLS).map(tool)).authenticate(two_users()))
}

fn list(era: &dyn Era, cursor: &Value) -> Answer {
    era.request("tools/list", if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) })
}

#[test]
fn all_tools_come_once_and_in_order_over_pages_of_500() {
    let served = many();
    for era in both(&served.ada()) {
        let (mut names, mut sizes, mut cursor) = (Vec::new(), Vec::new(), Value::Null);
        loop {
            let page = list(&*era, &cursor);
            let tools = page.result()["tools"].as_array().unwrap();
            sizes.push(tools.len());
            names.extend(tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
            cursor = page.result()["nextCursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(sizes, [500, 500, 203]);
        assert_eq!(names, (0..TOOLS).map(|index| format!("tool-{index:04}")).collect::<Vec<_>>());
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), TOOLS);
    }
}

#[test]
fn a_cursor_of_somebody_else_or_of_nobody_is_refused() {
    let served = many();
    for (ada, grace) in both(&served.ada()).iter().zip(&both(&served.grace())) {
        let cursor = list(&**ada, &Value::Null).result()["nextCursor"].clone();
        list(&**ada, &cursor).result();
        assert_eq!(list(&**grace, &cursor).code(), -32602, "foreign");
        let text = cursor.as_str().unwrap();
        let cut = &text[..text.len() - 1];
        for garbled in
            [json!(""), json!("500"), json!(cut), json!(format!("{text}A")), json!("x".repeat(10_000)), json!(7)]
        {
            assert_eq!(list(&**ada, &garbled).code(), -32602, "{garbled}");
        }
    }
}
