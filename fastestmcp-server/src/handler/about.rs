use fastestmcp_core::ids::ShortId;
use rmcp::model::ErrorData;
use rmcp::service::{RequestContext, RoleServer};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::incoming;
use crate::telemetry::{SPAN_REQUEST, Shown, TARGET};

/// What a request is about, for its span.
#[derive(Default)]
pub(super) struct About<'r> {
    pub(super) tool: Option<&'r str>,
    pub(super) prompt: Option<&'r str>,
    pub(super) task: Option<&'r str>,
}

impl About<'_> {
    pub(super) fn span(&self, method: &str, cx: &RequestContext<RoleServer>) -> Span {
        let span = tracing::info_span!(
            target: TARGET,
            SPAN_REQUEST,
            method = %Shown(method),
            request = %Shown(&cx.id.to_string()),
            session = Empty,
            tool = self.tool,
            prompt = self.prompt,
            task = self.task.map(|task| Shown(&ShortId::of(task).to_string()).to_string()),
        );
        if let Some(session) = incoming::session(cx) {
            span.record("session", session);
        }
        span
    }
}

/// Does the work of a request in its span, and says how it ended.
pub(super) async fn observed<T>(span: Span, work: impl Future<Output = Result<T, ErrorData>>) -> Result<T, ErrorData> {
    let began = Instant::now();
    async {
        let result = work.await;
        let code = result.as_ref().err().map(|error| error.code.0);
        tracing::debug!(target: TARGET, took = ?began.elapsed(), code, "answered");
        result
    }
    .instrument(span)
    .await
}
