//! A little of everything that a server can do: to try a client with, or to copy from.
//!
//! `cargo run -p fastestmcp-examples --example everything` serves `http://127.0.0.1:8000/mcp` and keeps its state in
//! `everything.db`. Another store and another address are its arguments; `stdio` as the address serves standard input and
//! output. Two processes on one store are one server: a client may ask either of them, at any time.

use std::collections::BTreeMap;
use std::time::Duration;

use fastestmcp::List;
use fastestmcp::prelude::*;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let store = args.next().unwrap_or_else(|| "sqlite:everything.db".to_owned());
    let address = args.next().unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let server = Server::builder("everything")
        .tool(Tool::new("count", count).description("Counts the calls of this session."))
        .tool(
            Tool::new("countdown", countdown)
                .description("Counts down, and says so at each step.")
                .idempotent()
                .task(TaskPolicy::optional().poll_interval(Duration::from_millis(200))),
        )
        .tool(
            Tool::new("greet", greet)
                .description("Asks the user for a name.")
                .task(TaskPolicy::optional().rerun().poll_interval(Duration::from_millis(200))),
        )
        .tool(Tool::new("ask_model", ask_model).description("Asks the model of the client.").read_only())
        .tool(Tool::new("list_roots", list_roots).description("Asks the client for its folders.").read_only())
        .tool(Tool::new("write_note", write_note).description("Writes a note for everybody to read.").idempotent())
        .tool(Tool::new("unlock", unlock).description("Shows one more tool, or hides it again.").idempotent())
        .tool(Tool::new("shout", shout).description("Says it loudly.").read_only().tags(["advanced"]).hidden())
        .tool(Tool::new("announce", announce).description("Says that a list has changed.").read_only())
        .resource(
            Resource::new("notes://index", index)
                .name("index")
                .description("The names of all notes.")
                .mime("application/json"),
        )
        .resource(ResourceTemplate::new("notes://note/{name}", read_note).name("note").description("A note.").complete(
            "name",
            async |cx: Context, typed: &str| {
                let names = notes(&cx).await?.into_keys();
                Ok(names.filter(|name| name.starts_with(typed)).collect::<Vec<_>>())
            },
        ))
        .prompt(Prompt::new("poem", poem).description("A poem, please.").complete("form", async |_, typed: &str| {
            Ok(["haiku", "limerick", "sonnet"].into_iter().filter(|form| form.starts_with(typed)).collect::<Vec<_>>())
        }))
        .stores(connect(&store).await?)
        .build()?;
    if address == "stdio" {
        server.serve_stdio().await?;
        return Ok(());
    }
    let bound = server.bind_http(address).await?;
    eprintln!("{}", bound.url());
    bound.serve_until_signal().await?;
    Ok(())
}

#[derive(Serialize, JsonSchema)]
struct Count {
    count: u64,
    /// The process that counted.
    process: u32,
}

/// What one process counts, every other one goes on from.
async fn count(cx: Context, _: NoArgs) -> Result<Json<Count>, ToolError> {
    let count = cx.update_state("count", |count: Option<u64>| count.unwrap_or(0) + 1).await?;
    Ok(Json(Count { count, process: std::process::id() }))
}

#[derive(Deserialize, JsonSchema)]
struct Countdown {
    from: u32,
    /// How long a step takes, in milliseconds.
    step_ms: u64,
}

/// Progress and messages reach the client as they come. As a task, this goes on where a process was lost.
async fn countdown(cx: Context, Countdown { from, step_ms }: Countdown) -> Result<&'static str, ToolError> {
    for step in cx.restored::<u32>()?.unwrap_or(0)..from {
        let left = from - step;
        cx.progress(step.into(), Some(from.into()), format!("{left}"));
        cx.log(LogLevel::Info, format!("{left} to go"));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(step_ms)) => {}
            () = cx.cancelled() => {
                keep_note(&cx, "countdown", format!("stopped with {left} to go")).await?;
                return Err(ToolError::new("stopped"));
            }
        }
        cx.checkpoint(&(step + 1)).await?;
    }
    cx.log(LogLevel::Notice, "liftoff");
    Ok("liftoff")
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    /// What shall we call you?
    name: String,
}

/// The answer may come through any process.
async fn greet(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    match cx.elicit::<Name>("name", "Who are you?").await? {
        Answer::Accepted(Name { name }) => Ok(format!("Hello, {name}!")),
        Answer::Declined | Answer::Cancelled => Ok("Hello, whoever you are!".to_owned()),
    }
}

#[derive(Deserialize, JsonSchema)]
struct Question {
    question: String,
}

async fn ask_model(cx: Context, Question { question }: Question) -> Result<String, ToolError> {
    let message = json!({ "role": "user", "content": { "type": "text", "text": question } });
    let answer = cx.sample("question", json!({ "messages": [message], "maxTokens": 100 })).await?;
    let text = answer.pointer("/content/text").and_then(Value::as_str);
    Ok(text.unwrap_or("The model said nothing.").to_owned())
}

async fn list_roots(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    let answer = cx.roots("roots").await?;
    let roots = answer.get("roots").and_then(Value::as_array).into_iter().flatten();
    let uris: Vec<_> = roots.filter_map(|root| root.get("uri").and_then(Value::as_str)).collect();
    Ok(uris.join(", "))
}

#[derive(Deserialize, JsonSchema)]
struct Note {
    name: String,
    text: String,
}

type Notes = BTreeMap<String, String>;

async fn write_note(cx: Context, Note { name, text }: Note) -> Result<&'static str, ToolError> {
    keep_note(&cx, &name, text).await?;
    Ok("written")
}

/// Whoever is subscribed hears of it, whichever process holds their stream.
async fn keep_note(cx: &Context, name: &str, text: String) -> Result<(), ToolError> {
    let add = |notes: Option<Notes>| {
        let mut notes = notes.unwrap_or_default();
        notes.insert(name.to_owned(), text.clone());
        notes
    };
    cx.app_state("notes").update("all", add).await?;
    cx.notify_resource_updated(format!("notes://note/{name}"));
    Ok(())
}

async fn notes(cx: &Context) -> Result<Notes, ToolError> {
    Ok(cx.app_state("notes").get("all").await?.unwrap_or_default())
}

async fn index(cx: Context) -> Result<Json<Vec<String>>, ToolError> {
    Ok(Json(notes(&cx).await?.into_keys().collect()))
}

#[derive(Deserialize, JsonSchema)]
struct NoteName {
    name: String,
}

/// `None` if there is no such note.
async fn read_note(cx: Context, NoteName { name }: NoteName) -> Result<Option<String>, ToolError> {
    Ok(notes(&cx).await?.remove(&name))
}

#[derive(Deserialize, JsonSchema)]
struct Unlock {
    locked: bool,
}

/// For this session only, or for this user where there is no session; their client is told that its tools have changed.
async fn unlock(cx: Context, Unlock { locked }: Unlock) -> Result<&'static str, ToolError> {
    if locked {
        cx.hide("advanced").await?;
    } else {
        cx.show("advanced").await?;
    }
    Ok("done")
}

#[derive(Deserialize, JsonSchema)]
struct Shout {
    text: String,
}

async fn shout(_cx: Context, Shout { text }: Shout) -> Result<String, ToolError> {
    Ok(text.to_uppercase())
}

#[derive(Deserialize, JsonSchema)]
struct Announce {
    list: AnyList,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum AnyList {
    Tools,
    Prompts,
    Resources,
}

/// As a server does that was deployed anew: every client asks for the list again.
async fn announce(cx: Context, Announce { list }: Announce) -> Result<&'static str, ToolError> {
    cx.notify_list_changed(match list {
        AnyList::Tools => List::Tools,
        AnyList::Prompts => List::Prompts,
        AnyList::Resources => List::Resources,
    });
    Ok("announced")
}

#[derive(Deserialize, JsonSchema)]
struct Poem {
    about: String,
    /// A haiku, unless told otherwise.
    form: Option<String>,
}

async fn poem(_: Context, Poem { about, form }: Poem) -> Result<PromptMessage, ToolError> {
    Ok(PromptMessage::user(format!("Write a {} about {about}.", form.as_deref().unwrap_or("haiku"))))
}
