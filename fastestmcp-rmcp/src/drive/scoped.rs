use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ClientNotification, ClientRequest, ErrorData, ServerConfig, ServerResult};
use rmcp::service::{DynService, NotificationContext, RequestContext, Service};

use super::Life;
use crate::exchange::encode_error;

/// The service, with an end that its transport notices: of a notification, since rmcp's loop does not say when its handler
/// has returned, and of a handler that panics, whose answer the loop would wait for for ever.
pub(crate) struct Scoped {
    inner: Arc<dyn DynService<RoleServer>>,
    life: Arc<Life>,
}

impl Scoped {
    pub(super) fn new(inner: Arc<dyn DynService<RoleServer>>, life: Arc<Life>) -> Self {
        Self { inner, life }
    }
}

impl Life {
    /// Resolves when a handler that was cancelled has had its time to end: it is dropped.
    async fn abandoned(&self) {
        self.ct.cancelled().await;
        tokio::time::sleep(self.grace).await;
    }
}

/// Answers when the handler is left without an answer.
struct Unanswered<'a>(&'a Life);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let (Some(outbox), Some(id)) = (&self.0.outbox, &self.0.request) {
            outbox.push(encode_error(id, ErrorData::internal_error("the handler failed", None)), true);
        }
        self.0.over.cancel();
    }
}

impl Service<RoleServer> for Scoped {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let unanswered = Unanswered(&self.life);
        let answer = tokio::select! {
            answer = self.inner.handle_request(request, context) => answer,
            // Its client has been told.
            () = self.life.abandoned() => Err(ErrorData::internal_error("the handler did not end", None)),
        };
        std::mem::forget(unanswered);
        answer
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let _over = self.life.over.clone().drop_guard();
        tokio::select! {
            handled = self.inner.handle_notification(notification, context) => handled,
            () = self.life.abandoned() => Ok(()),
        }
    }

    /// Asked with every message, and not looked at.
    fn get_info(&self) -> ServerConfig {
        ServerConfig::default()
    }
}
