use std::net::SocketAddr;
use std::time::Duration;

use fastestmcp::http::request::Parts;
use fastestmcp::prelude::*;
use fastestmcp::{
    Anonymous, AuthContext, Authenticator, Bearer, Challenge, McpService, RuntimeConfig, ServerBuilder, async_trait,
};
use serde_json::{Value, json};

use crate::client::Http;

/// The tokens of two users.
pub(crate) const ADA: &str = "token-of-ada";
pub(crate) const GRACE: &str = "token-of-grace";

/// A server at an address of its own, for as long as this is there.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) service: McpService,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Served {
    pub(crate) fn new(server: ServerBuilder) -> Self {
        Self::on(async { connect("memory:").await.unwrap() }, server)
    }

    /// One that keeps its state in these stores.
    pub(crate) fn on(stores: impl Future<Output = Stores>, server: ServerBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let bound = runtime.block_on(async {
            let server = server.stores(stores.await).build().unwrap();
            server.bind_http("127.0.0.1:0").await.unwrap()
        });
        let (address, service) = (bound.local_addr(), bound.service().clone());
        runtime.spawn(bound.serve(std::future::pending()));
        Self { address, service, runtime: Some(runtime) }
    }

    /// One that two users may call.
    pub(crate) fn to_two_users() -> Self {
        Self::new(tools().authenticate(two_users()))
    }

    pub(crate) fn http(&self) -> Http {
        Http::new(format!("http://{}/mcp", self.address))
    }

    pub(crate) fn ada(&self) -> Http {
        self.http().bearer(ADA)
    }

    pub(crate) fn grace(&self) -> Http {
        self.http().bearer(GRACE)
    }

    /// Within the runtime of the server.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(work)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

pub(crate) fn user(name: &str) -> Principal {
    Principal::User { issuer: "test".into(), subject: name.into() }
}

pub(crate) fn two_users() -> impl Authenticator {
    Bearer::tokens([(ADA, user("ada")), (GRACE, user("grace"))])
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Name {
    pub(crate) name: String,
}

/// Asks for a name and greets it.
async fn greet(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    match cx.elicit::<Name>("name", "Who are you?").await? {
        Answer::Accepted(Name { name }) => Ok(format!("hello {name}")),
        _ => Ok("nobody".to_owned()),
    }
}

#[derive(Deserialize, JsonSchema)]
struct Handle {
    handle: String,
}

async fn visit(cx: Context, _: NoArgs) -> Result<String, ToolError> {
    Ok(cx.update_state("visits", |n: Option<u64>| n.unwrap_or(0) + 1).await?.to_string())
}

async fn keep(cx: Context, Handle { handle: secret }: Handle) -> Result<String, ToolError> {
    let id = cx.create_handle(Duration::from_secs(600)).await?;
    cx.handle(&id).await?.set("secret", &secret).await?;
    Ok(id)
}

async fn open(cx: Context, Handle { handle }: Handle) -> Result<String, ToolError> {
    Ok(cx.handle(&handle).await?.get("secret").await?.unwrap_or_default())
}

/// A server with tools that ask, keep, and run as tasks.
pub(crate) fn tools() -> ServerBuilder {
    let tasks = || TaskPolicy::required();
    Server::builder("wire")
        .tool(Tool::new("greet", greet))
        .tool(Tool::new("greet-later", greet).task(tasks().rerun()))
        .tool(Tool::new("visit", visit))
        .tool(Tool::new("keep", keep))
        .tool(Tool::new("open", open))
        .tool(Tool::new("work", async |_: Context, _: NoArgs| Ok("done")).task(tasks()))
        .tool(Tool::new("name", async |_: Context, Name { name }: Name| Ok(name)).task(tasks()))
        .runtime(RuntimeConfig::default().grace(Duration::from_millis(200)))
}

/// All tasks that the server has, of whomever.
pub(crate) fn tasks_of_all(served: &Served) -> usize {
    let operator = served.service.runtime().operator();
    served.run(async { operator.tasks(&Default::default(), None).await.unwrap().tasks.len() })
}

pub(crate) fn handle(id: &str) -> Value {
    json!({ "handle": id })
}

/// Knows two users, and takes who shows nothing for nobody.
pub(crate) struct OrNobody;

#[async_trait]
impl Authenticator for OrNobody {
    async fn authenticate(&self, head: &Parts) -> Result<AuthContext, Challenge> {
        if head.headers.contains_key("authorization") {
            two_users().authenticate(head).await
        } else {
            Anonymous.authenticate(head).await
        }
    }
}
