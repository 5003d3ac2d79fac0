#![allow(deprecated, reason = "the revisions with sessions have logging")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastestmcp_rmcp::{Session, SessionClient};
use rmcp::model::*;
use rmcp::service::{Peer, RequestContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};

type Answer<T> = Result<T, ErrorData>;

/// A server of rmcp that knows nothing of nodes.
#[derive(Clone, Default)]
pub(crate) struct App {
    /// Handlers of tools that are running here.
    pub(crate) running: Arc<AtomicUsize>,
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn failed(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

async fn ask(peer: &Peer<RoleServer>, method: &str) -> Answer<Value> {
    let request = CustomRequest::new(method, Some(json!({})));
    let answer = peer.send_request(ServerRequest::CustomRequest(request)).await.map_err(failed)?;
    serde_json::to_value(answer).map_err(failed)
}

async fn log(peer: &Peer<RoleServer>, data: impl Into<Value>) -> Answer<()> {
    let params = LoggingMessageNotificationParam::new(LoggingLevel::Info, data.into());
    peer.notify_logging_message(params).await.map_err(failed)
}

impl App {
    async fn run(&self, name: &str, arguments: JsonObject, context: RequestContext<RoleServer>) -> Answer<String> {
        let number = |key: &str| arguments.get(key).and_then(Value::as_u64).unwrap_or_default();
        let session = context.extensions.get::<Session>().cloned();
        let (peer, pause) = (&context.peer, Duration::from_millis(number("ms")));
        match name {
            "echo" => Ok(Value::Object(arguments).to_string()),
            "whose" => Ok(format!("{:?}", session.ok_or_else(|| failed("no session"))?.caller().auth.principal)),
            "head" => {
                let head = context.extensions.get::<http::request::Parts>().ok_or_else(|| failed("no head"))?;
                Ok(format!("{:?}", head.headers.get("x-asked")))
            }
            "roots" => Ok(ask(peer, "roots/list").await?.to_string()),
            "slow" => tokio::select! {
                () = context.ct.cancelled() => Ok("cancelled".to_owned()),
                () = tokio::time::sleep(pause) => Ok("slept".to_owned()),
            },
            "deaf" => {
                tokio::time::sleep(pause).await;
                Ok("slept".to_owned())
            }
            "logs" => {
                for at in 0..number("count") {
                    log(peer, format!("{at} {}", "x".repeat(usize::try_from(number("size")).unwrap()))).await?;
                }
                Ok("logged".to_owned())
            }
            "panic" => panic!("as asked"),
            "list_changed" => {
                peer.notify_tool_list_changed().await.map_err(failed)?;
                Ok("changed".to_owned())
            }
            // It asks the client when its own request has long been answered.
            "ask_later" => {
                let client = context.extensions.get::<SessionClient>().cloned().ok_or_else(|| failed("no session"))?;
                tokio::spawn(async move {
                    let peer = client.peer().unwrap();
                    let roots =
                        ask(&peer, "roots/list").await.map_or_else(|error| error.to_string(), |it| it.to_string());
                    log(&peer, roots).await.unwrap();
                });
                Ok("will ask".to_owned())
            }
            "large" => Ok("x".repeat(usize::try_from(number("size")).unwrap())),
            _ => Err(ErrorData::invalid_params("no such tool", None)),
        }
    }
}

impl ServerHandler for App {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_logging();
        ServerConfig::new(capabilities.build()).with_server_info(Implementation::new("app", "1"))
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Answer<InitializeResult> {
        if request.client_info.name == "greeted" {
            log(&context.peer, "hello").await?;
        }
        self.negotiate_initialize(&request)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Answer<ListToolsResult> {
        Ok(ListToolsResult::default())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Answer<CallToolResponse> {
        self.running.fetch_add(1, Ordering::SeqCst);
        let _running = Running(self.running.clone());
        let text = self.run(&request.name, request.arguments.unwrap_or_default(), context).await?;
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }

    async fn subscribe(&self, request: SubscribeRequestParams, _: RequestContext<RoleServer>) -> Answer<()> {
        if request.uri.starts_with("app://") {
            Ok(())
        } else {
            Err(ErrorData::invalid_params("no such resource", None))
        }
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: RequestContext<RoleServer>) -> Answer<()> {
        Ok(())
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: RequestContext<RoleServer>) -> Answer<()> {
        Ok(())
    }
}
