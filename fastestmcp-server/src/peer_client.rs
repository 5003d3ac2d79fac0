use async_trait::async_trait;
use fastestmcp_core::context::{Client, LogMessage};
use fastestmcp_core::ids::TaskId;
use fastestmcp_core::session::LogLevel;
use fastestmcp_core::task::{InputRequest, Progress, RpcError};
use fastestmcp_rmcp::log_level;
use rmcp::model::{
    CustomRequest, ProgressNotification, ProgressNotificationParam, ProgressToken, ServerNotification, ServerRequest,
};
use rmcp::service::{Peer, RequestContext, RoleServer, ServiceError};
use serde_json::Value;

use crate::telemetry::TARGET;
use crate::wire::question::Question;
use crate::wire::{errors, log};

/// The client on the other end of the request that is being served.
#[derive(Clone, Debug)]
pub(crate) struct PeerClient {
    peer: Peer<RoleServer>,
    progress: Option<ProgressToken>,
    /// The task whose questions it is asked, if it is not a call that asks.
    task: Option<TaskId>,
    /// Only sessions can be asked within a call.
    can_ask: bool,
    /// The least level of log messages that the client wants of this request; of a session it is known elsewhere.
    level: Option<LogLevel>,
}

impl PeerClient {
    pub(crate) fn of(cx: &RequestContext<RoleServer>, can_ask: bool) -> Self {
        let progress = cx.meta.get_progress_token();
        let level = if can_ask { Some(LogLevel::Debug) } else { cx.meta.log_level().map(log_level) };
        Self { peer: cx.peer.clone(), progress, task: None, can_ask, level }
    }

    /// The same client, asked what a task wants to know.
    pub(crate) fn asking_for(mut self, task: &TaskId) -> Self {
        self.can_ask = true;
        self.task = Some(task.clone());
        self
    }

    /// The same client with another progress token: a task goes on under the token of the call that made it.
    pub(crate) fn with_progress_token(mut self, token: &Value) -> Self {
        self.progress = serde_json::from_value(token.clone()).ok();
        self
    }
}

#[async_trait]
impl Client for PeerClient {
    fn answers_within_call(&self) -> bool {
        self.can_ask
    }

    async fn request(&self, key: &str, request: &InputRequest) -> Result<Value, RpcError> {
        // Untyped, so that params reach the client as the handler wrote them.
        let params = (!request.params.is_null()).then(|| request.params.clone());
        let mut custom = CustomRequest::new(request.method.clone(), params);
        if let Some(task) = &self.task {
            custom.extensions.insert(Question { task: task.clone(), key: key.to_owned() });
        }
        match self.peer.send_request(ServerRequest::CustomRequest(custom)).await {
            Ok(result) => serde_json::to_value(result).map_err(|error| errors::rpc(errors::internal(&error))),
            Err(ServiceError::McpError(error)) => Err(errors::rpc(error)),
            Err(error) => {
                tracing::debug!(target: TARGET, %error, "the client cannot be asked");
                Err(RpcError::internal("client unreachable"))
            }
        }
    }

    async fn progress(&self, progress: &Progress) {
        let Some(token) = &self.progress else { return };
        let mut params = ProgressNotificationParam::new(token.clone(), progress.progress);
        params.total = progress.total;
        params.message.clone_from(&progress.message);
        let notification = ServerNotification::ProgressNotification(ProgressNotification::new(params));
        if let Err(error) = self.peer.send_notification(notification).await {
            tracing::debug!(target: TARGET, %error, "progress was not delivered");
        }
    }

    async fn log(&self, message: &LogMessage) {
        if self.level.is_none_or(|least| message.level < least) {
            return;
        }
        let notification = log::notification(message);
        if let Err(error) = self.peer.send_notification(notification).await {
            tracing::debug!(target: TARGET, %error, "a log message was not delivered");
        }
    }
}
