//! What belongs to a session: its log level, and the resources that it is subscribed to. Over HTTP the session's record keeps
//! both once they are granted here; a connection over stdio keeps them itself.

use fastestmcp_core::operation::ReadResource;
use fastestmcp_rmcp::Session;
use rmcp::model::{ErrorData, SubscribeRequestParams, UnsubscribeRequestParams};
use rmcp::service::{RequestContext, RoleServer};

use super::McpHandler;
use crate::incoming::Era;
use crate::wire::errors;

type Cx = RequestContext<RoleServer>;

impl McpHandler {
    /// Grants a level; 2026-07-28 names it with each request instead.
    pub(super) fn level(&self, cx: &Cx) -> Result<(), ErrorData> {
        self.within_session(cx, "logging/setLevel")
    }

    /// Grants a subscription to a resource that there is for this client.
    pub(super) async fn subscription(&self, params: SubscribeRequestParams, cx: &Cx) -> Result<(), ErrorData> {
        self.within_session(cx, "resources/subscribe")?;
        self.check_served("resources/subscribe")?;
        let incoming = self.incoming(cx);
        incoming.check(ReadResource::new(params.uri.clone())).await.map_err(|error| incoming.refused(&error))?;
        if cx.extensions.get::<Session>().is_none() {
            self.0.local_changes.subscribe(&self.runtime().changes(), params.uri, cx.peer.clone()).await?;
        }
        Ok(())
    }

    /// Ends one; that there is none is no error.
    pub(super) fn no_subscription(&self, params: &UnsubscribeRequestParams, cx: &Cx) -> Result<(), ErrorData> {
        self.within_session(cx, "resources/unsubscribe")?;
        self.check_served("resources/unsubscribe")?;
        self.0.local_changes.unsubscribe(&params.uri);
        Ok(())
    }

    fn within_session(&self, cx: &Cx, method: &str) -> Result<(), ErrorData> {
        match self.incoming(cx).era {
            Era::Session { .. } => Ok(()),
            Era::Stateless { .. } => Err(errors::method_not_found(method)),
        }
    }
}
