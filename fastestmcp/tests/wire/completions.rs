//! Completion of arguments, in both eras.

use fastestmcp::prelude::*;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::eras::{Era, both};
use crate::scene::Served;

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its names are looked at")]
struct Trip {
    country: String,
    city: String,
    date: Option<String>,
}

async fn city(cx: Context, typed: &str) -> Result<Vec<String>, ToolError> {
    Ok(vec![format!("{typed} in {}", cx.known("country").unwrap_or("the world"))])
}

fn trips() -> Served {
    let trip = Prompt::new("trip", async |_cx, _: Trip| Ok("x"))
        .complete("city", city)
        .complete("country", async |_cx: Context, _: &str| {
            Ok((0..1_000_000).map(|n| n.to_string()).collect::<Vec<_>>())
        });
    let pages = ResourceTemplate::new("trips://{page}/{part}", async |_cx, (): ()| Ok("x")).complete(
        "page",
        async |_cx: Context, typed: &str| {
            if typed == "panic" {
                panic!("while it completes");
            }
            if typed == "secret" {
                std::fs::read("/no/such/secret")?;
            }
            Ok([typed.to_owned()])
        },
    );
    Served::new(
        Server::builder("trips").prompt(trip).resource(pages).resource(Resource::new("trips:all", async |_cx| Ok("x"))),
    )
}

fn complete(era: &dyn Era, reference: Value, argument: &str, typed: &str) -> Answer {
    let params = json!({
        "ref": reference,
        "argument": { "name": argument, "value": typed },
        "context": { "arguments": { "country": "France" } }
    });
    era.request("completion/complete", params)
}

fn prompt(name: &str) -> Value {
    json!({ "type": "ref/prompt", "name": name })
}

fn template(uri: &str) -> Value {
    json!({ "type": "ref/resource", "uri": uri })
}

const PAGES: &str = "trips://{page}/{part}";

#[test]
fn an_argument_is_completed_with_what_is_known_of_the_others() {
    let served = trips();
    for era in both(&served.http()) {
        let completed = complete(&*era, prompt("trip"), "city", "Par");
        let expected = json!({ "values": ["Par in France"], "total": 1, "hasMore": false });
        assert_eq!(completed.result()["completion"], expected);
        let completed = complete(&*era, template(PAGES), "page", "7");
        assert_eq!(completed.result()["completion"]["values"], json!(["7"]));
    }
}

#[test]
fn of_a_million_values_a_hundred_are_shown() {
    let served = trips();
    for era in both(&served.http()) {
        let completion = complete(&*era, prompt("trip"), "country", "").result()["completion"].clone();
        assert_eq!(completion["values"].as_array().map(Vec::len), Some(100));
        assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(1_000_000), &json!(true)));
    }
}

#[test]
fn what_nothing_completes_has_no_values_and_what_is_not_there_is_invalid() {
    let served = trips();
    for era in both(&served.http()) {
        for (reference, argument) in [(prompt("trip"), "date"), (template(PAGES), "part")] {
            let none = json!({ "values": [], "total": 0, "hasMore": false });
            assert_eq!(complete(&*era, reference, argument, "x").result()["completion"], none);
        }
        for (reference, argument) in [
            (prompt("nobody"), "city"),
            (prompt("trip"), "cities"),
            (template("trips://{page}"), "page"),
            (template(PAGES), "pages"),
            (template("trips:all"), "page"),
            (json!({ "type": "ref/other" }), "page"),
        ] {
            assert_eq!(complete(&*era, reference.clone(), argument, "").code(), -32602, "{reference} {argument}");
        }
    }
}

#[test]
fn a_completion_that_panics_or_fails_ends_masked_and_ends_nothing_else() {
    let served = trips();
    for era in both(&served.http()) {
        for typed in ["panic", "secret"] {
            let answer = complete(&*era, template(PAGES), "page", typed);
            assert_eq!(answer.code(), -32603);
            assert!(!answer.message.to_string().contains("such"), "{answer:?}");
        }
        complete(&*era, template(PAGES), "page", "fine").result();
    }
}
