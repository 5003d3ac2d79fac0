//! What is shown to whom (contract C7), over two nodes.

use std::thread::sleep;
use std::time::{Duration, Instant};

use fastestmcp::prelude::*;
use fastestmcp::{ComponentKind, List, Selector, ServerBuilder};
use serde_json::{Value, json};

use crate::client::Response;
use crate::eras::{Era, Session, Stateless};
use crate::scene::{OrNobody, Served};

#[derive(Deserialize, JsonSchema)]
struct Item {
    id: String,
}

/// Most of it is for administrators and hidden from the start.
fn shop() -> ServerBuilder {
    Server::builder("shop")
        .tool(Tool::new("show", async |cx: Context, Item { id }: Item| {
            cx.show(&*id).await?;
            Ok("shown")
        }))
        .tool(Tool::new("hide", async |cx: Context, Item { id }: Item| {
            cx.hide(&*id).await?;
            Ok("hidden")
        }))
        .tool(Tool::new("reset", async |cx: Context, _: NoArgs| {
            cx.reset_visibility().await?;
            Ok("reset")
        }))
        .tool(Tool::new("sell", async |_: Context, _: NoArgs| Ok("sold")).tags(["basic"]))
        .tool(Tool::new("refund", async |_: Context, _: NoArgs| Ok("refunded")).tags(["admin"]).hidden())
        .tool(
            Tool::new("audit", async |_: Context, _: NoArgs| Ok(""))
                .task(TaskPolicy::optional())
                .tags(["admin"])
                .hidden(),
        )
        .tool(Tool::new("drop", async |_: Context, _: NoArgs| Ok("dropped")).tags(["admin", "never"]))
        .tool(Tool::new("help", async |_: Context, _: NoArgs| Ok("here")).tags(["admin", "basic"]).hidden())
        .resource(Resource::new("shop://open", async |_cx| Ok("open")))
        .resource(Resource::new("shop://books", async |_cx| Ok("books")).tags(["books"]).hidden())
        .resource(
            ResourceTemplate::new("shop://pages/{id}", async |_cx, Item { id }| Ok(id))
                .complete("id", async |_cx: Context, _: &str| Ok(["1"]))
                .tags(["books"])
                .hidden(),
        )
        .prompt(Prompt::new("plain", async |_: Context, (): ()| Ok("plain")))
        .prompt(
            Prompt::new("count", async |_: Context, Item { id }: Item| Ok(id))
                .complete("id", async |_cx: Context, _: &str| Ok(["1"]))
                .tags(["books"])
                .hidden(),
        )
        .hide("never")
        .show(Selector::name("help").of_kind(ComponentKind::Tool))
        .authenticate(OrNobody)
}

/// Two nodes on one store.
fn nodes() -> [Served; 2] {
    let a = Served::new(shop());
    let stores = a.service.runtime().stores().clone();
    [a, Served::on(std::future::ready(stores), shop())]
}

fn names(client: &impl Era, method: &str) -> Vec<String> {
    let answer = client.request(method, json!({}));
    let items = answer.result().as_object().unwrap().values().find_map(Value::as_array).unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

fn tools(client: &impl Era) -> Vec<String> {
    names(client, "tools/list")
}

const BEFORE: [&str; 5] = ["show", "hide", "reset", "sell", "help"];
const UNLOCKED: [&str; 7] = ["show", "hide", "reset", "sell", "refund", "audit", "help"];

fn tag(tag: &str) -> Value {
    json!({ "id": tag })
}

fn method(message: &Value) -> &str {
    message["method"].as_str().unwrap()
}

/// The next message, which must be about this list; `None` at the end.
fn changed(stream: &mut Response) -> String {
    method(&stream.next().unwrap()).to_owned()
}

#[test]
fn what_is_shown_to_a_session_holds_at_its_next_request_on_any_node_and_for_no_other() {
    let [a, b] = nodes();
    let (mine, other) = (Session::begin(&a.ada()), Session::begin(&a.ada()));
    let on_b = Session::of(&b.ada(), &mine.id);
    let mut my_stream = on_b.http().send("GET", Vec::new());
    let mut other_stream = Session::of(&b.ada(), &other.id).http().send("GET", Vec::new());
    assert_eq!(tools(&on_b), BEFORE);
    assert_eq!(
        on_b.call("refund", json!({})).code(),
        mine.call("nothing", json!({})).code(),
        "as if it were not there"
    );
    assert_eq!(mine.call("show", tag("admin")).text(), "shown");
    assert_eq!((tools(&on_b), tools(&mine)), (UNLOCKED.map(str::to_owned).into(), UNLOCKED.map(str::to_owned).into()));
    assert_eq!(on_b.call("refund", json!({})).text(), "refunded");
    assert_eq!(tools(&other), BEFORE);
    assert_eq!(changed(&mut my_stream), "notifications/tools/list_changed");
    assert_eq!(on_b.call("hide", tag("admin")).text(), "hidden");
    assert_eq!(changed(&mut my_stream), "notifications/tools/list_changed", "and of no other list");
    assert_eq!(mine.call("show", tag("admin")).text(), "shown");
    assert_eq!(changed(&mut my_stream), "notifications/tools/list_changed");
    // Shown twice is no change.
    assert_eq!(on_b.call("show", tag("admin")).text(), "shown");
    assert_eq!(on_b.call("show", tag("books")).text(), "shown");
    let mut books = [changed(&mut my_stream), changed(&mut my_stream)];
    books.sort();
    assert_eq!(books, ["notifications/prompts/list_changed", "notifications/resources/list_changed"]);
    assert_eq!(on_b.call("hide", tag("admin")).text(), "hidden");
    assert_eq!(changed(&mut my_stream), "notifications/tools/list_changed");
    assert_eq!(mine.call("refund", json!({})).code(), -32602);
    assert_eq!(mine.call("reset", json!({})).text(), "reset");
    assert_eq!(tools(&on_b), BEFORE);
    // Of all this the other one has heard nothing.
    a.run(async { a.service.runtime().changes().list_changed(List::Prompts).await.unwrap() });
    assert_eq!(changed(&mut other_stream), "notifications/prompts/list_changed");
    assert_eq!(tools(&Session::begin(&a.ada())), BEFORE, "a new session begins anew");
}

#[test]
fn what_is_shown_to_a_principal_holds_at_once_here_soon_elsewhere_and_for_no_other() {
    let [a, b] = nodes();
    let [ada_a, ada_b] = [&a, &b].map(|node| Stateless::new(&node.ada()));
    let grace = Stateless::new(&b.grace());
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let (mut hers, mut another) =
        (ada_b.ask("subscriptions/listen", filter.clone()), grace.ask("subscriptions/listen", filter));
    assert_eq!([changed(&mut hers), changed(&mut another)], ["notifications/subscriptions/acknowledged"; 2]);
    for round in 0..3 {
        assert_eq!(
            (tools(&ada_a), tools(&ada_b)),
            (BEFORE.map(str::to_owned).into(), BEFORE.map(str::to_owned).into())
        );
        let before = Instant::now();
        assert_eq!(ada_a.call("show", tag("admin")).text(), "shown");
        assert_eq!(tools(&ada_a), UNLOCKED, "at once where it was acknowledged");
        assert_eq!(changed(&mut hers), "notifications/tools/list_changed", "round {round}");
        assert_eq!(tools(&ada_b), UNLOCKED, "whoever was told finds it anywhere");
        assert!(before.elapsed() < Duration::from_secs(20), "and is told soon");
        assert_eq!(tools(&grace), BEFORE);
        assert_eq!(ada_b.call("hide", tag("admin")).text(), "hidden");
        assert_eq!(ada_b.call("refund", json!({})).code(), -32602);
        assert_eq!(changed(&mut hers), "notifications/tools/list_changed");
    }
    assert_eq!(ada_b.call("show", tag("admin")).text(), "shown");
    sleep(Duration::from_secs(1));
    assert_eq!(ada_a.call("refund", json!({})).text(), "refunded", "within a second on every node");
    a.run(async { a.service.runtime().changes().list_changed(List::Tools).await.unwrap() });
    assert_eq!(changed(&mut another), "notifications/tools/list_changed");
    a.run(async { a.service.runtime().changes().list_changed(List::Tools).await.unwrap() });
    assert_eq!(changed(&mut another), "notifications/tools/list_changed", "it heard of nothing else");
}

#[test]
fn hidden_is_as_absent_for_components_of_every_kind() {
    let [a, _] = nodes();
    let session = Session::begin(&a.ada());
    let asked = [
        ("resources/read", json!({ "uri": "shop://books" })),
        ("resources/read", json!({ "uri": "shop://pages/7" })),
        ("resources/subscribe", json!({ "uri": "shop://books" })),
        ("prompts/get", json!({ "name": "count", "arguments": { "id": "7" } })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "count" }, "argument": { "name": "id", "value": "" } }),
        ),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/resource", "uri": "shop://pages/{id}" }, "argument": { "name": "id", "value": "" } }),
        ),
    ];
    let absent = |text: &str| text.replace("books", "none").replace("pages", "none").replace("count", "none");
    for (method, params) in &asked {
        let nothing: Value = serde_json::from_str(&absent(&params.to_string())).unwrap();
        let (hidden, nothing) = (session.request(method, params.clone()), session.request(method, nothing));
        assert_eq!(hidden.code(), nothing.code(), "{method} {params}");
        assert_eq!(absent(hidden.error()["message"].as_str().unwrap()), nothing.error()["message"], "{method}");
    }
    let lists = ["resources/list", "resources/templates/list", "prompts/list"];
    assert_eq!(lists.map(|list| names(&session, list)), [vec!["shop://open"], vec![], vec!["plain"]]);
    assert_eq!(session.call("show", tag("books")).text(), "shown");
    for (method, params) in &asked {
        session.request(method, params.clone()).result();
    }
    assert_eq!(lists.map(|list| names(&session, list).len()), [2, 1, 2]);
}

#[test]
fn rules_of_the_server_win() {
    let [a, _] = nodes();
    for client in [&Session::begin(&a.ada()) as &dyn Calls, &Stateless::new(&a.grace())] {
        assert_eq!(client.said("show", tag("never")), "shown");
        assert_eq!(client.said("hide", tag("basic")), "hidden");
        let tools = client.tools();
        assert!(!tools.contains(&"drop".to_owned()) && !tools.contains(&"sell".to_owned()), "{tools:?}");
        assert!(tools.contains(&"help".to_owned()), "{tools:?}");
        assert_eq!(client.said("help", json!({})), "here");
    }
}

/// A client of either era.
trait Calls {
    fn said(&self, tool: &str, arguments: Value) -> String;
    fn tools(&self) -> Vec<String>;
}

impl<C: Era> Calls for C {
    fn said(&self, tool: &str, arguments: Value) -> String {
        self.call(tool, arguments).text().to_owned()
    }

    fn tools(&self) -> Vec<String> {
        tools(self)
    }
}

#[test]
fn who_has_no_identity_has_no_rules_without_a_session() {
    let [a, _] = nodes();
    let nobody = Stateless::new(&a.http());
    let refused = nobody.call("show", tag("admin"));
    assert_eq!(refused.result()["isError"], true);
    assert!(refused.text().contains("no stored state"), "{refused:?}");
    assert_eq!(tools(&nobody), BEFORE);
    let session = Session::begin(&a.http());
    assert_eq!(session.call("show", tag("admin")).text(), "shown");
    assert_eq!(tools(&session), UNLOCKED);
}

#[test]
fn too_many_rules_are_refused_and_change_nothing() {
    let [a, _] = nodes();
    let session = Session::begin(&a.ada());
    for index in 0..256 {
        assert_eq!(session.call("show", tag(&format!("t{index}"))).text(), "shown");
    }
    let refused = session.call("show", tag("admin"));
    assert!(refused.result()["isError"] == true && refused.text().contains("256"), "{refused:?}");
    assert_eq!(tools(&session), BEFORE);
    assert_eq!(session.call("reset", json!({})).text(), "reset");
    assert_eq!(session.call("show", tag("admin")).text(), "shown");
    assert_eq!(tools(&session), UNLOCKED);
}
