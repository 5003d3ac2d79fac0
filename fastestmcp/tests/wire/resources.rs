//! Resources and templates of resources, in both eras.

use std::time::Duration;

use fastestmcp::prelude::*;
use fastestmcp::{Icon, IconTheme, ResourceContents, Role, ServerBuilder};
use serde_json::{Value, json};

use crate::client::Answer as Answered;
use crate::eras::{Era, Session, Stateless, accept, both};
use crate::scene::{Name, Served, tools};

#[derive(Deserialize, JsonSchema)]
struct User {
    id: u8,
}

#[derive(Deserialize, JsonSchema)]
struct Docs {
    path: String,
    page: Option<u32>,
}

async fn greeting(cx: Context) -> Result<String, ToolError> {
    match cx.elicit::<Name>("name", "Who are you?").await? {
        Answer::Accepted(Name { name }) => Ok(format!("hello {name}")),
        _ => Ok("nobody".to_owned()),
    }
}

fn shop() -> ServerBuilder {
    let limits = Resource::new("shop://limits", async |_cx| Ok(Json(json!({ "orders": 100 }))));
    let several = Resource::new("shop://several", async |_cx| {
        Ok(vec![ResourceContents::text("shop://a", "text/plain", "a"), ResourceContents::bytes("shop://b", "a/b", [0])])
    });
    let users = ResourceTemplate::new("shop://users/{id}", async |_cx, User { id }| {
        Ok((id < 100).then(|| Json(json!({ "id": id }))))
    });
    let docs = ResourceTemplate::new("docs://{+path}{?page}", async |_cx, docs: Docs| {
        Ok(format!("{} {:?}", docs.path, docs.page))
    });
    let broken = Resource::new("shop://broken", async |_cx: Context| -> Result<String, ToolError> {
        Ok(std::fs::read_to_string("/no/such/secret")?)
    });
    Server::builder("shop")
        .resource(limits.name("limits").title("Limits").size(14).cache(Duration::from_secs(60)).same_for_all())
        .resource(Resource::new("shop://logo", async |_cx| Ok(vec![0xff_u8, 0])).mime("image/png"))
        .resource(several)
        .resource(Resource::new("shop://greeting", greeting))
        .resource(broken)
        .resource(Resource::new("shop://sorry", async |_cx| -> Result<String, _> { Err(ToolError::new("closed")) }))
        .resource(users.description("A user."))
        .resource(docs)
        .resource(Resource::new("shop://users/0", async |_cx| Ok("the first")))
}

fn read(era: &dyn Era, uri: &str) -> Answered {
    era.request("resources/read", json!({ "uri": uri }))
}

#[test]
fn what_is_read_is_text_or_json_or_bytes_or_several() {
    let served = Served::new(shop());
    for era in both(&served.http()) {
        let contents = |uri: &str| read(&*era, uri).result()["contents"].clone();
        let limits = json!([{ "uri": "shop://limits", "mimeType": "application/json", "text": r#"{"orders":100}"# }]);
        assert_eq!(contents("shop://limits"), limits);
        let logo = json!([{ "uri": "shop://logo", "mimeType": "image/png", "blob": "/wA=" }]);
        assert_eq!(contents("shop://logo"), logo);
        assert_eq!(contents("shop://several").as_array().map(Vec::len), Some(2));
    }
}

#[test]
fn a_uri_is_read_by_its_resource_or_else_by_the_first_template_that_fits() {
    let served = Served::new(shop());
    for era in both(&served.http()) {
        let text = |uri: &str| read(&*era, uri).result()["contents"][0]["text"].as_str().unwrap().to_owned();
        assert_eq!(text("shop://users/7"), r#"{"id":7}"#);
        assert_eq!(text("shop://users/0"), "the first");
        assert_eq!(text("docs://a/b%20c?page=2"), "a/b c Some(2)");
        let contents = read(&*era, "docs://a").result()["contents"][0].clone();
        assert_eq!(contents, json!({ "uri": "docs://a", "mimeType": "text/plain", "text": "a None" }));
    }
}

#[test]
fn what_is_not_there_has_the_code_of_its_era_and_a_value_that_does_not_fit_is_said() {
    let served = Served::new(shop());
    for (era, not_found) in both(&served.http()).iter().zip([-32002, -32602]) {
        let long = format!("shop://{}", "x".repeat(1 << 20));
        for uri in ["shop://nothing", "shop://users/", "shop://users/1/2", "shop://users/200", "", "nothing", "x:y z"] {
            let answer = read(&**era, uri);
            assert_eq!(answer.code(), not_found, "{uri}");
            assert_eq!(answer.error()["data"]["uri"], uri);
        }
        if not_found == -32002 {
            // In the other era the header that repeats it is refused before.
            let answer = read(&**era, &long);
            assert!(answer.code() == not_found && answer.message.to_string().len() < 1_000);
        }
        let answer = read(&**era, "shop://users/300");
        assert_eq!(answer.code(), -32602);
        assert!(answer.error()["message"].as_str().unwrap().contains("id: "), "{answer:?}");
    }
}

#[test]
fn what_a_handler_says_is_told_and_what_fails_in_it_is_masked() {
    let served = Served::new(shop());
    for era in both(&served.http()) {
        let sorry = read(&*era, "shop://sorry");
        assert_eq!((sorry.code(), &sorry.error()["message"]), (-32603, &json!("closed")));
        let broken = read(&*era, "shop://broken");
        assert_eq!(broken.code(), -32603);
        assert!(!broken.message.to_string().contains("secret") && !broken.message.to_string().contains("such"));
    }
}

#[test]
fn lists_show_what_components_say_of_themselves() {
    let icon = Icon::new("https://example.com/i.png").mime("image/png").size("48x48").theme(IconTheme::Dark);
    let resource = Resource::new("a:b", async |_cx| Ok("text")).name("n").title("T").description("D").size(4);
    let resource = resource.icon(icon.clone()).meta("k", "v").audience([Role::User]).priority(0.5).tags(["secret"]);
    let template =
        ResourceTemplate::new("c:{d}", async |_cx, (): ()| Ok(Json(7))).last_modified("2026-01-01T00:00:00Z");
    let tool = Tool::new("t", async |_: Context, (): ()| Ok("")).icon(icon).meta("k", 1);
    let served = Served::new(Server::builder("s").resource(resource).resource(template).tool(tool));
    let icons =
        json!([{ "src": "https://example.com/i.png", "mimeType": "image/png", "sizes": ["48x48"], "theme": "dark" }]);
    for era in both(&served.http()) {
        let listed = era.request("resources/list", json!({}));
        let expected = json!([{
            "uri": "a:b", "name": "n", "title": "T", "description": "D", "mimeType": "text/plain", "size": 4,
            "icons": icons, "_meta": { "k": "v" }, "annotations": { "audience": ["user"], "priority": 0.5 }
        }]);
        assert_eq!(listed.result()["resources"], expected);
        let listed = era.request("resources/templates/list", json!({}));
        let expected = json!([{
            "uriTemplate": "c:{d}", "name": "c:{d}", "mimeType": "application/json",
            "annotations": { "lastModified": "2026-01-01T00:00:00Z" }
        }]);
        assert_eq!(listed.result()["resourceTemplates"], expected);
        let tool = era.request("tools/list", json!({})).result()["tools"][0].clone();
        assert_eq!((&tool["icons"], &tool["_meta"]), (&icons, &json!({ "k": 1 })));
    }
}

#[test]
fn only_2026_is_told_how_long_it_may_keep_what() {
    let served = Served::new(shop());
    let [session, stateless] = both(&served.http());
    let hints = |answer: &Answered| (answer.result()["ttlMs"].clone(), answer.result()["cacheScope"].clone());
    assert_eq!(hints(&read(&*stateless, "shop://limits")), (json!(60_000), json!("public")));
    for method in ["resources/list", "resources/templates/list"] {
        assert_eq!(hints(&stateless.request(method, json!({}))), (json!(0), json!("private")));
    }
    assert_eq!(hints(&read(&*stateless, "shop://logo")), (json!(0), json!("private")));
    assert_eq!(hints(&session.request("resources/list", json!({}))), (Value::Null, Value::Null));
}

#[test]
fn a_read_asks_its_client_within_the_call_or_over_two_legs() {
    let served = Served::new(shop());
    let session = Session::begin(&served.http());
    let mut reading = session.ask("resources/read", json!({ "uri": "shop://greeting" }));
    let asked = reading.next().unwrap();
    assert_eq!(asked["method"], "elicitation/create");
    session.reply(&asked, "ada");
    assert_eq!(reading.answer().result()["contents"][0]["text"], "hello ada");

    let stateless = Stateless::new(&served.http());
    let asked = read(&stateless, "shop://greeting");
    assert_eq!(asked.result()["resultType"], "input_required");
    let again = |uri: &str| {
        let state = asked.result()["requestState"].clone();
        let answers = json!({ "name": accept("ada") });
        stateless.request("resources/read", json!({ "uri": uri, "requestState": state, "inputResponses": answers }))
    };
    assert_eq!(again("shop://greeting").result()["contents"][0]["text"], "hello ada");
    assert_eq!(again("shop://limits").code(), -32602, "the state is of another read");
}

#[test]
fn a_state_of_one_kind_of_request_is_good_for_no_other() {
    let prompt = Prompt::new("same", async |cx: Context, (): ()| greeting(cx).await);
    let tool = Tool::new("same", async |cx: Context, (): ()| greeting(cx).await);
    let served = Served::new(Server::builder("s").prompt(prompt).tool(tool));
    let stateless = Stateless::new(&served.http());
    let asked = stateless.call("same", json!({}));
    let again = |method: &str| {
        let (state, answers) = (asked.result()["requestState"].clone(), json!({ "name": accept("ada") }));
        let params = json!({ "name": "same", "arguments": {}, "requestState": state, "inputResponses": answers });
        stateless.request(method, params)
    };
    assert_eq!(again("prompts/get").code(), -32602);
    assert_eq!(again("tools/call").text(), "hello ada");
}

#[test]
fn what_a_server_does_not_have_it_neither_announces_nor_serves() {
    let (bare, full) =
        (Served::new(tools()), Served::new(shop().prompt(Prompt::new("p", async |_cx, (): ()| Ok("x")))));
    let capabilities = |served: &Served| {
        let session = served.http().post(&crate::eras::initialize()).answer().result()["capabilities"].clone();
        let discovered = Stateless::new(&served.http()).request("server/discover", json!({}));
        [session, discovered.result()["capabilities"].clone()]
    };
    for capabilities in capabilities(&bare) {
        assert!(["resources", "prompts", "completions"].iter().all(|word| capabilities[word].is_null()));
    }
    for capabilities in capabilities(&full) {
        assert!(capabilities["resources"].is_object() && capabilities["prompts"].is_object());
        assert!(capabilities["completions"].is_null(), "nothing of it can be completed");
    }
    for era in both(&bare.http()) {
        for (method, params) in [
            ("resources/list", json!({})),
            ("resources/list", json!({ "cursor": 7 })),
            ("resources/templates/list", json!({})),
            ("resources/read", json!({ "uri": "a:b" })),
            ("resources/read", json!({})),
            ("prompts/list", json!({})),
            ("prompts/get", json!({ "name": "p" })),
            (
                "completion/complete",
                json!({ "ref": { "type": "ref/prompt", "name": "p" }, "argument": { "name": "a", "value": "" } }),
            ),
        ] {
            assert_eq!(era.request(method, params).code(), -32601, "{method}");
        }
    }
    for era in both(&full.http()) {
        for (method, params) in [
            ("resources/list", json!({ "cursor": 7 })),
            ("resources/list", json!({ "cursor": "garbled" })),
            ("resources/templates/list", json!({ "cursor": [] })),
            ("prompts/list", json!({ "cursor": {} })),
            ("resources/read", json!({})),
            ("resources/read", json!({ "uri": 7 })),
            ("prompts/get", json!({ "name": "p", "arguments": 7 })),
        ] {
            assert_eq!(era.request(method, params.clone()).code(), -32602, "{method} {params}");
        }
    }
}

#[test]
fn cursors_of_one_list_are_none_of_another() {
    let resource = |index| Resource::new(format!("a:{index}"), async |_cx| Ok("x"));
    let template = |index| ResourceTemplate::new(format!("a{index}:{{b}}"), async |_cx, (): ()| Ok("x"));
    let mut server = Server::builder("many");
    for index in 0..501 {
        server = server.resource(resource(index)).resource(template(index));
    }
    let served = Served::new(server);
    for era in both(&served.http()) {
        let first = era.request("resources/list", json!({}));
        let cursor = first.result()["nextCursor"].clone();
        let last = era.request("resources/list", json!({ "cursor": cursor }));
        assert_eq!(last.result()["resources"], json!([{ "uri": "a:500", "name": "a:500", "mimeType": "text/plain" }]));
        assert_eq!(era.request("resources/templates/list", json!({ "cursor": cursor })).code(), -32602);
    }
}
