use async_trait::async_trait;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use crate::operation::{Call, CallError, Middleware, Next, Operation, Outcome};
use crate::telemetry::{SPAN_CALL, SPAN_RUN};

/// Timing and logging: what is logged on the way of a call says which tool, prompt or task it belongs to, and at debug its end
/// says how long it took.
pub(crate) struct Trace;

#[async_trait]
impl Middleware for Trace {
    async fn handle(&self, call: Call, next: Next) -> Result<Outcome, CallError> {
        let (span, method, began) = (span(&call.operation), call.operation.method(), Instant::now());
        async {
            let outcome = next.run(call).await;
            tracing::debug!(method, took = ?began.elapsed(), failed = outcome.is_err(), "handled");
            outcome
        }
        .instrument(span)
        .await
    }
}

fn span(operation: &Operation) -> Span {
    match operation {
        Operation::CallTool(call) => tracing::info_span!(SPAN_CALL, tool = call.name),
        Operation::GetPrompt(get) => tracing::info_span!(SPAN_CALL, prompt = get.name),
        Operation::RunTask(run) => tracing::info_span!(SPAN_RUN, task = %run.id.short(), tool = run.tool),
        _ => Span::none(),
    }
}
