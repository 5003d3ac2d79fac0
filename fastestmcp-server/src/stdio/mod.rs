//! One client on standard input and output.

mod lines;
mod output;
mod session;
mod transport;

use rmcp::serve_server;
use rmcp::service::ServerInitializeError;
use tokio_util::sync::CancellationToken;

use crate::error::ServerError;
use crate::handler::McpHandler;
use crate::outbound::Outbound;
use crate::stop::Why;
use crate::telemetry::TARGET;
use output::Output;
use session::SessionTransport;
use transport::StdioTransport;

/// Serves until the input ends or `stop` does, and tells why it ended. `max_line` is the longest message in bytes.
///
/// What was answered is written before it returns, unless the client no longer reads (contract R7).
pub(crate) async fn serve(
    handler: &McpHandler,
    max_line: usize,
    stop: impl Future<Output = Why> + Send,
) -> Result<Why, ServerError> {
    let output = Output::over(output::standard);
    let ending = CancellationToken::new();
    let transport = StdioTransport::open(max_line, output.clone(), ending.clone());
    let transport = SessionTransport::new(transport, Outbound::new(handler.catalog().clone()))
        .map_err(|error| ServerError::Io(std::io::Error::other(error)))?;
    let stop = async {
        let why = stop.await;
        ending.cancel();
        why
    };
    let spoken = async {
        let served = converse(handler, transport, stop).await;
        let unasked = if output.is_closed() { Why::OutputClosed } else { Why::InputEnded };
        // However it ended: who does not read is not waited for.
        ending.cancel();
        output.finish().await;
        served.map(|why| why.unwrap_or(unasked))
    };
    let deaf = async {
        ending.cancelled().await;
        output.stalled().await;
    };
    tokio::select! {
        served = spoken => served,
        () = deaf => {
            tracing::warn!(target: TARGET, "the client has stopped reading: it does not get its last answers");
            Ok(Why::Unread)
        }
    }
}

/// Until the input ends, which is `None`, or `stop` does.
async fn converse(
    handler: &McpHandler,
    transport: SessionTransport<StdioTransport>,
    stop: impl Future<Output = Why> + Send,
) -> Result<Option<Why>, ServerError> {
    let mut stop = std::pin::pin!(stop);
    let running = tokio::select! {
        running = serve_server(handler.clone(), transport) => running,
        why = &mut stop => return Ok(Some(why)),
    };
    let running = match running {
        Ok(running) => running,
        // It came, said nothing or only asked around, and left.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(None),
        Err(error) => return Err(ServerError::Stdio(error.to_string())),
    };
    let cancel = running.cancellation_token();
    let mut waiting = std::pin::pin!(running.waiting());
    tokio::select! {
        ended = &mut waiting => {
            drop(ended);
            Ok(None)
        }
        why = stop => {
            // Calls that are running get their answers first.
            handler.drain(std::future::ready(())).await;
            cancel.cancel();
            if let Err(error) = waiting.await {
                tracing::error!(target: TARGET, %error, "the connection ended badly");
            }
            Ok(Some(why))
        }
    }
}
