//! What is shown to whom, on every replica, and who hears that it has changed (C7).

use std::collections::BTreeSet;

use fastestmcp_core::component::{AnyResource, NoArgs, Prompt, Resource, ResourceTemplate, TaskPolicy, Tool};
use fastestmcp_core::context::{Caller, Context};
use fastestmcp_core::event::{Delivery, EventSubscription, List, ReadFrom, session_topic};
use fastestmcp_core::operation::{
    AskedTtl, CallError, GetPrompt, ListPrompts, ListResourceTemplates, ListResources, ListTools, ReadResource,
    TaskMode,
};
use fastestmcp_core::principal::Principal;
use fastestmcp_core::session::Scope;
use fastestmcp_core::visibility::{ComponentKind, Selector, VisibilityRules};
use serde_json::{Map, Value, json};

use super::steps::{MS, SECOND};
use super::verbs::act;
use crate::case::cases;
use crate::halt::{CaseResult, Halt};
use crate::scene::Scene;
use crate::stage::{Casting, Fault, Replica, Session, Stage, call, caller, me, you};

cases! { Runtime, "runtime.visibility";
    "C7": what_is_hidden_is_absent_from_lists_and_refused_as_unknown,
    "C7": a_change_holds_at_once_where_it_was_acknowledged_and_soon_everywhere,
    "C7": a_change_holds_for_a_session_with_its_next_request_on_every_replica,
    "C7": the_later_rule_wins,
    "C7": the_servers_rules_win_over_all,
    "C7": who_has_no_values_can_change_nothing,
    "C7": rules_that_cannot_be_read_are_an_error,
    "C7": only_the_principal_whose_lists_are_others_is_told,
    "C7": only_the_session_whose_lists_are_others_is_told,
}

/// Which components a request of the tool `rules` means.
fn selected(arguments: &Map<String, Value>) -> Selector {
    let word = |name: &str| arguments.get(name).and_then(Value::as_str);
    let named = word("name").map_or_else(Selector::all, Selector::name);
    let tagged = word("tag").map_or_else(|| named.clone(), |tag| named.clone().tagged(tag));
    match word("kind") {
        Some("tool") => tagged.of_kind(ComponentKind::Tool),
        Some("prompt") => tagged.of_kind(ComponentKind::Prompt),
        _ => tagged,
    }
}

/// A shop, most of which is hidden from the start; what changes that is always there.
fn shop(casting: Casting<'_>) -> Casting<'_> {
    let rules = Tool::new("rules", async |cx: Context, arguments: Map<String, Value>| {
        match arguments["do"].as_str() {
            Some("show") => cx.show(selected(&arguments)).await?,
            Some("hide") => cx.hide(selected(&arguments)).await?,
            _ => cx.reset_visibility().await?,
        }
        Ok("ruled")
    });
    let tool = |name: &str, tag: &str| {
        Tool::new(name, async |_cx, _: NoArgs| Ok("done")).tags([tag]).task(TaskPolicy::optional())
    };
    let prompt = |name: &str, tag: &str| Prompt::new(name, async |_cx: Context, (): ()| Ok("done")).tags([tag]);
    let page = ResourceTemplate::new("shop://pages/{id}", async |_cx, _: Map<String, Value>| Ok("page"));
    casting
        .tools([rules, tool("sell", "basic"), tool("refund", "admin").hidden(), tool("drop", "never")])
        .tools([tool("help", "basic").hidden()])
        .prompt(prompt("greet", "basic"))
        .prompt(prompt("count", "books").hidden())
        .resources([
            AnyResource::from(Resource::new("shop://books", async |_cx| Ok("books")).tags(["books"]).hidden()),
            AnyResource::from(page.tags(["books"]).hidden()),
        ])
        .visibility(VisibilityRules::default().show(Selector::name("rules")).hide("never").show(Selector::name("help")))
}

/// What a caller finds in its lists.
async fn shown(replica: &Replica, caller: &Caller) -> Result<BTreeSet<String>, Halt> {
    let mut shown = BTreeSet::new();
    shown.extend(replica.ask(caller, ListTools::default()).await?.tools.iter().map(|tool| tool.name().to_owned()));
    let prompts = replica.ask(caller, ListPrompts::default()).await?.prompts;
    shown.extend(prompts.iter().map(|prompt| prompt.name().to_owned()));
    let resources = replica.ask(caller, ListResources::default()).await?.resources;
    shown.extend(resources.iter().map(|resource| resource.uri().to_owned()));
    let templates = replica.ask(caller, ListResourceTemplates::default()).await?.resource_templates;
    shown.extend(templates.iter().map(|template| template.uri_template().to_owned()));
    Ok(shown)
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The caller of a session as its next request makes it.
async fn next_request(replica: &Replica, session: &Session) -> Result<Caller, Halt> {
    let live = replica.runtime.sessions().open(&session.caller.auth.principal, &session.id).await?;
    let live = live.ok_or_else(|| Halt::Wrong("the session is gone".to_owned()))?;
    let mut caller = session.caller.clone();
    caller.visibility = Some(live.visibility);
    Ok(caller)
}

async fn rule(replica: &Replica, caller: &Caller, rule: Value) -> Result<(), Halt> {
    act(replica, caller, "rules", rule).await?;
    Ok(())
}

async fn what_is_hidden_is_absent_from_lists_and_refused_as_unknown(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = shop(stage.replica(0)).front().await?;
    let me = caller(me());
    scene.same("shown", &shown(&replica, &me).await?, &names(&["rules", "sell", "help", "greet"]));
    for tool in ["refund", "drop", "nothing"] {
        for request in [call(tool, Value::Null), call(tool, Value::Null).tasks(TaskMode::Requested(AskedTtl::Default))]
        {
            let answer = replica.ask(&me, request).await;
            scene.check(matches!(answer, Err(CallError::UnknownTool(_))), || format!("{tool}: {answer:?}"));
        }
    }
    let answer = replica.ask(&me, GetPrompt::new("count", Map::new())).await;
    scene.check(matches!(answer, Err(CallError::UnknownPrompt(_))), || format!("a prompt: {answer:?}"));
    for uri in ["shop://books", "shop://pages/1", "shop://nothing"] {
        let answer = replica.ask(&me, ReadResource::new(uri)).await;
        scene.check(matches!(answer, Err(CallError::UnknownResource(_))), || format!("{uri}: {answer:?}"));
    }
    for tag in ["admin", "books"] {
        rule(&replica, &me, json!({ "do": "show", "tag": tag })).await?;
    }
    replica.ask(&me, call("refund", Value::Null)).await?;
    replica.ask(&me, GetPrompt::new("count", Map::new())).await?;
    for uri in ["shop://books", "shop://pages/1"] {
        replica.ask(&me, ReadResource::new(uri)).await?;
    }
    let all = ["rules", "sell", "refund", "help", "greet", "count", "shop://books", "shop://pages/{id}"];
    scene.same("shown", &shown(&replica, &me).await?, &names(&all));
    Ok(())
}

async fn a_change_holds_at_once_where_it_was_acknowledged_and_soon_everywhere(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (shop(stage.replica(0)).front().await?, shop(stage.replica(1)).front().await?);
    let (me, you) = (caller(me()), caller(you()));
    for round in 0..4 {
        // The other node has just learnt what is about to change.
        let verb = if round % 2 == 0 { "show" } else { "hide" };
        shown(&other, &me).await?;
        rule(&one, &me, json!({ "do": verb, "tag": "admin" })).await?;
        let has = async |replica: &Replica| {
            let listed = shown(replica, &me).await?.contains("refund");
            let called = replica.ask(&me, call("refund", Value::Null)).await.is_ok();
            Ok::<_, Halt>([listed, called])
        };
        scene.same(&format!("here, after {verb}"), &has(&one).await?, &[verb == "show"; 2]);
        let held = async || Ok(has(&other).await? == [verb == "show"; 2]);
        stage.until(SECOND, &format!("{verb} on the other replica"), held).await?;
        scene.check(!shown(&one, &you).await?.contains("refund"), || "somebody else sees it".to_owned());
    }
    Ok(())
}

async fn a_change_holds_for_a_session_with_its_next_request_on_every_replica(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (shop(stage.replica(0)).front().await?, shop(stage.replica(1)).front().await?);
    for principal in [me(), Principal::Anonymous] {
        let (session, sibling) = (one.session(principal.clone()).await?, one.session(principal.clone()).await?);
        for round in 0..4 {
            let verb = if round % 2 == 0 { "show" } else { "hide" };
            rule(&one, &next_request(&one, &session).await?, json!({ "do": verb, "tag": "admin" })).await?;
            for replica in [&other, &one] {
                let there = shown(replica, &next_request(replica, &session).await?).await?.contains("refund");
                scene.same(&format!("shown after {verb}"), &there, &(verb == "show"));
                let there = shown(replica, &next_request(replica, &sibling).await?).await?.contains("refund");
                scene.check(!there, || "another session of the same caller sees it".to_owned());
            }
        }
        rule(&one, &session.caller, json!({ "do": "show", "tag": "admin" })).await?;
        let there = shown(&one, &caller(principal)).await?.contains("refund");
        scene.check(!there, || "its principal sees it without the session".to_owned());
    }
    Ok(())
}

async fn the_later_rule_wins(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = shop(stage.replica(0)).front().await?;
    let me = caller(me());
    for (ruled, want) in [
        (json!({ "do": "hide", "tag": "basic" }), &["rules", "help"][..]),
        (json!({ "do": "show", "name": "sell" }), &["rules", "help", "sell"]),
        (json!({ "do": "hide", "tag": "basic" }), &["rules", "help"]),
        (json!({ "do": "show", "tag": "basic", "kind": "prompt" }), &["rules", "help", "greet"]),
        (
            json!({ "do": "show" }),
            &["rules", "help", "sell", "greet", "refund", "count", "shop://books", "shop://pages/{id}"],
        ),
        (json!({ "do": "hide", "tag": "books" }), &["rules", "help", "sell", "greet", "refund"]),
        (json!({ "do": "hide" }), &["rules", "help"]),
        (json!({ "do": "reset" }), &["rules", "help", "sell", "greet"]),
    ] {
        rule(&replica, &me, ruled.clone()).await?;
        scene.same(&format!("shown after {ruled}"), &shown(&replica, &me).await?, &names(want));
    }
    Ok(())
}

async fn the_servers_rules_win_over_all(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = shop(stage.replica(0)).front().await?;
    let session = replica.session(me()).await?;
    for who in [caller(me()), session.caller.clone()] {
        rule(&replica, &who, json!({ "do": "show", "tag": "never" })).await?;
        rule(&replica, &who, json!({ "do": "show", "name": "drop" })).await?;
        rule(&replica, &who, json!({ "do": "hide", "name": "help" })).await?;
    }
    for who in [caller(me()), next_request(&replica, &session).await?] {
        scene.same("shown", &shown(&replica, &who).await?, &names(&["rules", "sell", "help", "greet"]));
        let dropped = replica.ask(&who, call("drop", Value::Null)).await;
        scene.check(matches!(dropped, Err(CallError::UnknownTool(_))), || format!("{dropped:?}"));
        replica.ask(&who, call("help", Value::Null)).await?;
    }
    Ok(())
}

async fn who_has_no_values_can_change_nothing(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let replica = shop(stage.replica(0)).front().await?;
    let nobody = caller(Principal::Anonymous);
    let refused = act(&replica, &nobody, "rules", json!({ "do": "show", "tag": "admin" })).await;
    scene.check(matches!(refused, Err(CallError::InvalidParams(_))), || format!("{refused:?}"));
    scene.check(!shown(&replica, &nobody).await?.contains("refund"), || "it is shown".to_owned());
    Ok(())
}

async fn rules_that_cannot_be_read_are_an_error(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (shop(stage.replica(0)).front().await?, shop(stage.replica(1)).front().await?);
    let me = caller(me());
    rule(&one, &me, json!({ "do": "hide", "tag": "basic" })).await?;
    other.faults.set("load", Fault::Fail(u32::MAX));
    let called = other.ask(&me, call("sell", Value::Null)).await;
    scene.check(matches!(called, Err(CallError::Store(_))), || format!("what is hidden: {called:?}"));
    let listed = other.ask(&me, ListTools::default()).await;
    scene.check(matches!(listed, Err(CallError::Store(_))), || "a list was made without the rules".to_owned());
    other.faults.clear("load");
    scene.check(!shown(&other, &me).await?.contains("sell"), || "the rules are gone".to_owned());
    Ok(())
}

/// The next lists that somebody is told of.
async fn told(
    stage: &Stage,
    stream: &mut EventSubscription,
    of: fn(&[u8]) -> Option<List>,
    count: usize,
) -> Result<BTreeSet<List>, Halt> {
    let mut lists = BTreeSet::new();
    for _ in 0..count {
        match stage.within(SECOND, "news of a list", stream.next()).await? {
            Some(Delivery::Event(event)) => lists.extend(of(&event.payload)),
            other => return Err(Halt::Wrong(format!("{other:?}"))),
        }
    }
    Ok(lists)
}

async fn only_the_principal_whose_lists_are_others_is_told(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (shop(stage.replica(0)).start().await?, shop(stage.replica(1)).start().await?);
    let (mine, yours) = (Scope::principal(&me()), Scope::principal(&you()));
    let changes = other.runtime.changes();
    let ([mut all, mut mine], [_, mut others]) =
        (changes.lists_for(&mine, ReadFrom::Tail).await?, changes.lists_for(&yours, ReadFrom::Tail).await?);
    for (tag, want) in [
        ("admin", &[List::Tools][..]),
        // Neither changes anything: what is told next is told of what comes next.
        ("admin", &[]),
        ("never", &[]),
        ("books", &[List::Prompts, List::Resources]),
    ] {
        rule(&one, &caller(me()), json!({ "do": "show", "tag": tag })).await?;
        // One after the other, or they are told as one.
        stage.pass(MS * 50).await;
        let heard = told(&stage, &mut mine, List::of, want.len()).await?;
        scene.same(&format!("told after {tag}"), &heard, &want.iter().copied().collect());
    }
    // They hear of what is for them, and had heard of nothing before.
    changes.list_changed_for(&yours, List::Prompts).await?;
    scene.same(
        "told to somebody else",
        &told(&stage, &mut others, List::of, 1).await?,
        &BTreeSet::from([List::Prompts]),
    );
    changes.list_changed(List::Resources).await?;
    scene.same("told to all", &told(&stage, &mut all, List::of, 1).await?, &BTreeSet::from([List::Resources]));
    Ok(())
}

async fn only_the_session_whose_lists_are_others_is_told(scene: &Scene) -> CaseResult {
    let stage = Stage::open(scene).await?;
    let (one, other) = (shop(stage.replica(0)).start().await?, shop(stage.replica(1)).start().await?);
    let (mine, sibling) = (one.session(me()).await?, one.session(me()).await?);
    let of = List::of_session_entry;
    let mut heard = other.runtime.events().subscribe(&session_topic(&mine.digest), ReadFrom::Tail).await?;
    let mut others = other.runtime.events().subscribe(&session_topic(&sibling.digest), ReadFrom::Tail).await?;
    for tag in ["never", "admin", "admin"] {
        rule(&one, &mine.caller, json!({ "do": "show", "tag": tag })).await?;
        stage.pass(MS * 50).await;
    }
    rule(&one, &mine.caller, json!({ "do": "show", "name": "count" })).await?;
    scene.same("told first", &told(&stage, &mut heard, of, 1).await?, &BTreeSet::from([List::Tools]));
    scene.same("told next", &told(&stage, &mut heard, of, 1).await?, &BTreeSet::from([List::Prompts]));
    rule(&one, &sibling.caller, json!({ "do": "show", "tag": "books", "name": "shop://books" })).await?;
    scene.same("told to another", &told(&stage, &mut others, of, 1).await?, &BTreeSet::from([List::Resources]));
    Ok(())
}
