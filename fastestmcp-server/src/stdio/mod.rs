//! One client on standard input and output.

mod lines;
mod transport;

use rmcp::serve_server;
use rmcp::service::ServerInitializeError;

use crate::error::ServerError;
use crate::handler::McpHandler;
use crate::telemetry::TARGET;
use crate::widened::Widened;
use transport::StdioTransport;

/// Serves until the input ends or `stop` does. `max_line` is the longest message in bytes.
pub(crate) async fn serve(
    handler: McpHandler,
    max_line: usize,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServerError> {
    let transport = StdioTransport::open(max_line);
    let transport = Widened::new(transport, handler.catalog().clone())
        .map_err(|error| ServerError::Io(std::io::Error::other(error)))?;
    let mut stop = std::pin::pin!(stop);
    let running = tokio::select! {
        running = serve_server(handler, transport) => running,
        () = &mut stop => return Ok(()),
    };
    let running = match running {
        Ok(running) => running,
        // It came, said nothing or only asked around, and left.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(ServerError::Stdio(error.to_string())),
    };
    let cancel = running.cancellation_token();
    let mut waiting = std::pin::pin!(running.waiting());
    tokio::select! {
        ended = &mut waiting => drop(ended),
        () = stop => {
            cancel.cancel();
            if let Err(error) = waiting.await {
                tracing::error!(target: TARGET, %error, "the connection ended badly");
            }
        }
    }
    Ok(())
}
