//! Prompts, in both eras.

use fastestmcp::prelude::*;
use fastestmcp::{PromptOutput, ResourceContents, Role, ServerBuilder};
use serde_json::{Value, json};

use crate::client::Answer as Answered;
use crate::eras::{Era, Session, Stateless, accept, both};
use crate::scene::{Name, Served};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Language {
    Rust,
    Ada,
}

#[derive(Deserialize, JsonSchema)]
struct Review {
    /// What to review.
    code: String,
    stars: u8,
    language: Option<Language>,
}

async fn greet(cx: Context, _: ()) -> Result<String, ToolError> {
    match cx.elicit::<Name>("name", "Who are you?").await? {
        Answer::Accepted(Name { name }) => Ok(format!("Greet {name}.")),
        _ => Ok("Greet nobody.".to_owned()),
    }
}

fn prompts() -> ServerBuilder {
    let review = Prompt::new("review", async |_cx, review: Review| {
        Ok(format!("{} {} {:?}", review.code, review.stars, review.language))
    });
    let everything = Prompt::new("everything", async |_cx, (): ()| {
        Ok(vec![
            PromptMessage::user("a"),
            PromptMessage::assistant(Content::image([0xff, 0], "image/png")),
            PromptMessage::user(Content::audio([0xff, 0], "audio/wav")),
            PromptMessage::user(Content::resource_text("a:b", "text/plain", "c")),
            PromptMessage::user(Content::link("a:b", "c")),
            PromptMessage::user(Content::text("a").audience([Role::Assistant]).priority(0.5).meta("k", "v")),
            PromptMessage::user(Content::embedded(ResourceContents::text("a:b", "text/plain", "c").meta("k", 1))),
        ])
    });
    let own = async |_cx: Context, (): ()| Ok(PromptOutput::new(Vec::new()).description("of its own"));
    Server::builder("prompts")
        .prompt(review.title("Review").description("Reviews code."))
        .prompt(everything)
        .prompt(Prompt::new("greet", greet))
        .prompt(Prompt::new("own", own).description("of all"))
        .prompt(Prompt::new("sorry", async |_cx, (): ()| -> Result<String, _> { Err(ToolError::new("not today")) }))
}

fn get(era: &dyn Era, name: &str, arguments: Value) -> Answered {
    era.request("prompts/get", json!({ "name": name, "arguments": arguments }))
}

#[test]
fn arguments_are_listed_and_read_out_of_texts() {
    let served = Served::new(prompts());
    for era in both(&served.http()) {
        let listed = era.request("prompts/list", json!({}));
        let review = json!({
            "name": "review", "title": "Review", "description": "Reviews code.", "arguments": [
                { "name": "code", "description": "What to review.", "required": true },
                { "name": "stars", "required": true },
                { "name": "language", "required": false },
            ]
        });
        assert_eq!(listed.result()["prompts"][0], review);
        assert_eq!(listed.result()["prompts"][1], json!({ "name": "everything" }));
        let got = get(&*era, "review", json!({ "code": "fn", "stars": "5", "language": "ada" }));
        let text = json!({ "role": "user", "content": { "type": "text", "text": "fn 5 Some(Ada)" } });
        assert_eq!(
            (&got.result()["messages"], &got.result()["description"]),
            (&json!([text]), &json!("Reviews code."))
        );
    }
}

#[test]
fn arguments_that_do_not_decode_and_prompts_that_do_not_exist_are_invalid_params() {
    let served = Served::new(prompts());
    for era in both(&served.http()) {
        for (arguments, word) in [
            (json!({ "stars": "5" }), "code"),
            (json!({ "code": "fn", "stars": "five" }), "stars"),
            (json!({ "code": "fn", "stars": "300" }), "stars"),
            (json!({ "code": "fn", "stars": "5", "language": "cobol" }), "language"),
            (Value::Null, "code"),
        ] {
            let answer = get(&*era, "review", arguments);
            assert_eq!(answer.code(), -32602);
            assert!(answer.error()["message"].as_str().unwrap().contains(word), "{answer:?}");
        }
        for name in ["nobody", "", &"x".repeat(3_000)] {
            let answer = get(&*era, name, json!({}));
            assert!(answer.code() == -32602 && answer.message.to_string().len() < 200, "{answer:?}");
        }
    }
}

#[test]
fn messages_hold_every_kind_of_content() {
    let served = Served::new(prompts());
    for era in both(&served.http()) {
        let got = get(&*era, "everything", json!({}));
        let message = |role: &str, content: Value| json!({ "role": role, "content": content });
        let expected = json!([
            message("user", json!({ "type": "text", "text": "a" })),
            message("assistant", json!({ "type": "image", "data": "/wA=", "mimeType": "image/png" })),
            message("user", json!({ "type": "audio", "data": "/wA=", "mimeType": "audio/wav" })),
            message(
                "user",
                json!({ "type": "resource", "resource": { "uri": "a:b", "mimeType": "text/plain", "text": "c" } })
            ),
            message("user", json!({ "type": "resource_link", "uri": "a:b", "name": "c" })),
            message(
                "user",
                json!({
                    "type": "text", "text": "a", "_meta": { "k": "v" },
                    "annotations": { "audience": ["assistant"], "priority": 0.5 },
                })
            ),
            message(
                "user",
                json!({
                    "type": "resource",
                    "resource": { "uri": "a:b", "mimeType": "text/plain", "text": "c", "_meta": { "k": 1 } },
                })
            ),
        ]);
        assert_eq!(got.result()["messages"], expected);
        assert_eq!(get(&*era, "own", json!({})).result()["description"], "of its own");
        let sorry = get(&*era, "sorry", json!({}));
        assert_eq!((sorry.code(), &sorry.error()["message"]), (-32603, &json!("not today")));
    }
}

#[test]
fn a_prompt_asks_its_client_within_the_call_or_over_two_legs() {
    let served = Served::new(prompts());
    let session = Session::begin(&served.http());
    let mut getting = session.ask("prompts/get", json!({ "name": "greet" }));
    let asked = getting.next().unwrap();
    session.reply(&asked, "ada");
    assert_eq!(getting.answer().result()["messages"][0]["content"]["text"], "Greet ada.");

    let stateless = Stateless::new(&served.http());
    let asked = get(&stateless, "greet", json!({}));
    assert_eq!(asked.result()["inputRequests"]["name"]["method"], "elicitation/create");
    let again = |arguments: Value| {
        let (state, answers) = (asked.result()["requestState"].clone(), json!({ "name": accept("ada") }));
        let params =
            json!({ "name": "greet", "arguments": arguments, "requestState": state, "inputResponses": answers });
        stateless.request("prompts/get", params)
    };
    assert_eq!(again(json!({})).result()["messages"][0]["content"]["text"], "Greet ada.");
    assert_eq!(again(json!({ "other": "arguments" })).code(), -32602);
}
