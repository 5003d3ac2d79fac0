//! What clients are told of changes, over two nodes.

use fastestmcp::prelude::*;
use fastestmcp::{List, ServerBuilder};
use serde_json::{Value, json};

use crate::client::Response;
use crate::eras::{Era, Session, Stateless};
use crate::scene::Served;

const STOCK: &str = "shop://stock";

fn shop() -> ServerBuilder {
    Server::builder("shop")
        .resource(Resource::new(STOCK, async |_cx| Ok("much")))
        .resource(Resource::new("shop://other", async |_cx| Ok("little")))
        .resource(ResourceTemplate::new("shop://items/{id}", async |_cx, Item { id }| Ok(id)))
        .tool(Tool::new("sell", async |cx: Context, _: NoArgs| {
            cx.notify_resource_updated(STOCK);
            Ok("sold")
        }))
}

#[derive(Deserialize, JsonSchema)]
struct Item {
    id: String,
}

/// Two nodes on one store.
fn nodes() -> [Served; 2] {
    let a = Served::new(shop());
    let stores = a.service.runtime().stores().clone();
    [a, Served::on(std::future::ready(stores), shop())]
}

impl Served {
    fn change(&self, list: List) {
        self.run(async { self.service.runtime().changes().list_changed(list).await.unwrap() });
    }
}

fn sell(served: &Served) {
    assert_eq!(Stateless::new(&served.http()).call("sell", json!({})).text(), "sold");
}

fn next(stream: &mut Response) -> Value {
    let mut message = stream.next().unwrap();
    // The subscription that it belongs to, in the stateless era.
    message["params"].as_object_mut().map(|params| params.remove("_meta"));
    json!([message["method"], message["params"]["uri"]])
}

#[test]
fn a_session_hears_of_resources_that_it_is_subscribed_to_and_of_lists_on_any_node() {
    let [a, b] = nodes();
    let session = Session::begin(&a.http());
    for uri in [STOCK, "shop://items/7"] {
        assert_eq!(session.request("resources/subscribe", json!({ "uri": uri })).result(), &json!({}));
    }
    assert_eq!(session.request("resources/subscribe", json!({ "uri": "shop://none" })).code(), -32002);
    let mut stream = Session::of(&b.http(), &session.id).http().send("GET", Vec::new());
    sell(&a);
    assert_eq!(next(&mut stream), json!(["notifications/resources/updated", STOCK]));
    assert_eq!(session.request("resources/unsubscribe", json!({ "uri": STOCK })).result(), &json!({}));
    a.change(List::Prompts);
    assert_eq!(next(&mut stream), json!(["notifications/prompts/list_changed", null]));
    sell(&a);
    b.change(List::Tools);
    assert_eq!(next(&mut stream), json!(["notifications/tools/list_changed", null]));
}

#[test]
fn a_listener_hears_of_what_it_asked_for_that_is_there_and_of_nothing_else() {
    let [a, b] = nodes();
    let stateless = Stateless::new(&b.http());
    let filter = json!({
        "toolsListChanged": true, "promptsListChanged": true,
        "resourceSubscriptions": [STOCK, "shop://none"],
    });
    let mut stream = stateless.ask("subscriptions/listen", json!({ "notifications": filter }));
    let acknowledged = stream.next().unwrap();
    let honoured = json!({ "toolsListChanged": true, "resourceSubscriptions": [STOCK] });
    assert_eq!(acknowledged["params"]["notifications"], honoured, "there are no prompts, and no such resource");
    a.change(List::Resources);
    a.change(List::Tools);
    assert_eq!(next(&mut stream), json!(["notifications/tools/list_changed", null]));
    sell(&a);
    assert_eq!(next(&mut stream), json!(["notifications/resources/updated", STOCK]));
    assert_eq!(stateless.request("resources/subscribe", json!({ "uri": STOCK })).code(), -32601);
}
