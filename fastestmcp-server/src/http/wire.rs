use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use ::http::request::Parts;
use async_trait::async_trait;
use fastestmcp_core::context::{Caller, NoClient};
use fastestmcp_core::operation::{CallError, Listen, UpdateTask};
use fastestmcp_core::principal::{AuthContext, Principal};
use fastestmcp_core::runtime::Runtime;
use fastestmcp_core::task::{ClientAbilities, RpcError};
use fastestmcp_rmcp::{Session, Wire};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use rmcp::model::{ServerJsonRpcMessage, ServerNotification, ServerRequest};
use serde_json::Value;

use super::task_news::task_news;
use crate::auth::Identified;
use crate::handler::McpHandler;
use crate::outbound::Outbound;
use crate::telemetry::{Refused, TARGET};
use crate::wire::question::Question;

/// What this server adds to the way of a request in a session: who makes it, tasks on the wire, and answers to what tasks
/// ask, which are recorded before they are acknowledged.
pub(super) struct ServerWire {
    runtime: Runtime,
    outbound: Outbound,
}

impl ServerWire {
    pub(super) fn new(handler: &McpHandler) -> Self {
        Self { runtime: handler.runtime().clone(), outbound: Outbound::new(handler.catalog().clone()) }
    }
}

#[async_trait]
impl Wire for ServerWire {
    fn caller(&self, head: &Parts) -> Caller {
        let abilities = ClientAbilities::default();
        match head.extensions.get::<Arc<Identified>>() {
            Some(identified) => identified.at_its_address(Caller::stateless(identified.auth.clone(), abilities)),
            // The endpoint lets nothing by that it has not identified.
            None => Caller::stateless(AuthContext::new(Principal::Anonymous), abilities),
        }
    }

    fn outbound(&self, session: Option<&Session>, message: &mut ServerJsonRpcMessage) {
        self.outbound.widen(session.map(|session| session.client().protocol_version.as_str()), message);
    }

    fn tag(&self, request: &ServerRequest) -> Option<String> {
        Question::asked(request).map(Question::tag)
    }

    async fn reply(&self, session: &Session, tag: &str, answer: Value) -> Result<(), RpcError> {
        let Some(Question { task, key }) = Question::of(tag) else { return Ok(()) };
        let update = UpdateTask::new(task, BTreeMap::from([(key, answer)]));
        match self.runtime.handle(update, session.caller().clone(), Arc::new(NoClient)).await {
            Err(error @ CallError::Store(_)) => Err(error.to_rpc()),
            Err(error) => {
                tracing::debug!(target: TARGET, error = %Refused(&error), "the answer was not taken");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn news(&self, session: &Session) -> BoxStream<'static, ServerNotification> {
        task_news(&self.runtime, session).boxed()
    }

    async fn listen(&self, session: &Session) -> Result<Box<dyn Any + Send + Sync>, RpcError> {
        let room = self.runtime.handle(Listen::default(), session.caller().clone(), Arc::new(NoClient)).await;
        room.map(|room| Box::new(room) as Box<_>).map_err(|error| error.to_rpc())
    }
}
