//! What a handler asks and is given: forms that clients can show, answers that fit them, arguments as models write them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use fastestmcp::prelude::*;
use fastestmcp::{CallError, ContextError, LocalClient, Stores, TaskOutcome};
use fastestmcp_store_memory::MemoryStore;
use serde_json::{Map, Value, json};

async fn client(tool: Tool) -> LocalClient {
    let server = Server::builder("forms").tool(tool).stores(Stores::of(MemoryStore::new())).build().unwrap();
    server.local(Principal::Local("me".into())).await.unwrap()
}

fn text(output: &ToolOutput) -> &str {
    output.content[0].as_text().unwrap()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    #[schemars(range(max = 9))]
    pieces: u32,
    colour: Option<Colour>,
}

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
enum Colour {
    /// As of 1999.
    Red,
    Green,
}

async fn order(cx: Context, (): ()) -> Result<String, ToolError> {
    match cx.elicit::<Order>("order", "How many?").await {
        Ok(Answer::Accepted(order)) => Ok(format!("{} {:?}", order.pieces, order.colour)),
        Ok(_) => Ok("none".to_owned()),
        Err(ContextError::ClientFailed(reason)) => Ok(format!("failed: {reason}")),
        Err(error) => Err(error.into()),
    }
}

#[tokio::test]
async fn the_client_in_process_takes_an_answer_exactly_if_the_form_allows_it() {
    let accept = |content: Value| json!({ "action": "accept", "content": content });
    let fits = [
        (json!({ "action": "decline" }), "none"),
        (accept(json!({ "pieces": 3 })), "3 None"),
        (accept(json!({ "pieces": 3.0, "colour": "red", "unasked": 1 })), "3 Some(Red)"),
    ];
    for (answer, result) in fits {
        let client = client(Tool::new("order", order)).await.answering(move |_, _| Some(answer.clone()));
        assert_eq!(text(&client.call("order", json!({})).await.unwrap()), result);
    }
    for wrong in [
        json!({ "action": "maybe" }),
        accept(json!({})),
        accept(json!({ "pieces": "3" })),
        accept(json!({ "pieces": 10 })),
        accept(json!({ "pieces": -1 })),
        accept(json!({ "pieces": 5_000_000_000_u64 })),
        accept(json!({ "pieces": 1e300 })),
        accept(json!({ "pieces": 3, "colour": null })),
        accept(json!({ "pieces": 3, "colour": "blue" })),
    ] {
        let client = client(Tool::new("order", order)).await.answering(move |_, _| Some(wrong.clone()));
        let output = client.call("order", json!({})).await.unwrap();
        assert!(text(&output).starts_with("failed: "), "{output:?}");
    }
}

#[tokio::test]
async fn a_task_goes_on_waiting_after_an_answer_that_does_not_fit() {
    let tool = Tool::new("order", order).task(TaskPolicy::required().rerun());
    let client = client(tool).await.answering(|_, _| None);
    let task = client.start("order", json!({})).await.unwrap();
    task.until(|view| !view.inputs.is_empty()).await.unwrap();
    let answer = |pieces: Value| json!({ "action": "accept", "content": { "pieces": pieces } });
    let refused = task.answer("order", answer(json!(10))).await.unwrap_err();
    assert!(matches!(refused, CallError::InvalidAnswer(_)), "{refused:?}");
    task.answer("order", answer(json!(9.0))).await.unwrap();
    let TaskOutcome::Result(result) = task.result().await.unwrap() else { panic!("no result") };
    assert_eq!(result["content"][0]["text"], "9 None");
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "nobody is ever asked")]
struct Nested {
    inner: HashMap<String, u8>,
}

#[tokio::test]
async fn a_type_that_is_no_form_is_a_typed_error_and_nobody_is_asked() {
    let tool = Tool::new("ask", async |cx: Context, (): ()| {
        let typed = cx.elicit::<Nested>("typed", "?").await.unwrap_err();
        let ContextError::NotAForm(reason) = typed else { panic!("{typed:?}") };
        let nested = json!({ "type": "object", "properties": { "a": { "type": "object" } } });
        let raw = cx.ask("raw", "elicitation/create", json!({ "message": "?", "requestedSchema": nested })).await;
        assert!(matches!(raw, Err(ContextError::NotAForm(_))));
        Ok(reason.to_string())
    });
    let client = client(tool).await.answering(|key, _| panic!("asked for {key}"));
    let output = client.call("ask", json!({})).await.unwrap();
    assert_eq!(text(&output), r#"field "inner" of the form is an object, and forms are flat"#);
}

#[tokio::test]
async fn arguments_are_read_as_models_write_them_and_none_are_needed_where_none_are_taken() {
    #[derive(Deserialize, JsonSchema)]
    struct Args {
        count: u32,
        ratio: f64,
        any: Value,
    }
    let tool =
        Tool::new("show", async |_: Context, args: Args| Ok(format!("{} {} {}", args.count, args.ratio, args.any)));
    let client = client(tool).await;
    let output = client.call("show", json!({ "count": 3.0, "ratio": 3, "any": "x" })).await.unwrap();
    assert_eq!(text(&output), r#"3 3 "x""#);
    let output = client.call("show", json!({ "count": 3.0, "ratio": 2.0, "any": 2.0 })).await.unwrap();
    assert_eq!(text(&output), "3 2 2.0", "only where an integer is wanted");
    // Where it reads as it is, it stays as it is.
    let output = client.call("show", json!({ "count": 3, "ratio": 3.0, "any": 3.0 })).await.unwrap();
    assert_eq!(text(&output), "3 3 3.0");
    let output = client.call("show", json!({ "count": 3.5, "ratio": 3, "any": 0 })).await.unwrap();
    assert!(output.is_error);
}

#[tokio::test]
async fn a_handler_that_reads_json_gets_integers_where_its_own_schema_wants_them() {
    let list = json!({ "type": "array", "items": { "type": ["integer", "null"] } });
    let schema = json!({ "type": "object", "properties": { "list": list, "ratio": { "type": "number" } } });
    let tool = Tool::new("show", async |_: Context, args: Map<String, Value>| Ok(Value::Object(args).to_string()))
        .input_schema(schema.as_object().cloned().unwrap());
    let output = client(tool).await.call("show", json!({ "list": [1.0, null, 2], "ratio": 3.0 })).await.unwrap();
    assert_eq!(text(&output), r#"{"list":[1,null,2],"ratio":3.0}"#);
}

#[tokio::test]
async fn what_is_asked_with_a_schema_by_hand_is_answered_with_integers_where_it_wants_them() {
    let tool = Tool::new("ask", async |cx: Context, (): ()| {
        let fields = json!({ "pieces": { "type": "integer" }, "weight": { "type": "number" } });
        let form = json!({ "type": "object", "properties": fields });
        let answer = cx.ask("size", "elicitation/create", json!({ "message": "?", "requestedSchema": form })).await?;
        Ok(answer["content"].to_string())
    });
    let answer = json!({ "action": "accept", "content": { "pieces": 3.0, "weight": 3.0 } });
    let client = client(tool).await.answering(move |_, _| Some(answer.clone()));
    let output = client.call("ask", json!({})).await.unwrap();
    assert_eq!(text(&output), r#"{"pieces":3,"weight":3.0}"#);
}
