//! Event streams: of a POST, from memory or continued from the log, and the standalone one of GET.

mod change;
mod event;
mod posted;
mod resumed;
mod standalone;

pub(crate) use posted::{Posted, posted};

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::{Offset, ReadFrom};
use http::Response;

use crate::body::ResponseBody;
use crate::node::Node;
use crate::session::Session;
use event::EventId;

/// Room for a stream.
pub(crate) type Room = Box<dyn Any + Send + Sync>;

/// Opens what a GET asks for; `None` if there is no such event.
///
/// # Errors
/// The store failed.
pub(crate) async fn open(
    node: Arc<Node>,
    session: Session,
    room: Room,
    last: Option<&str>,
) -> StoreResult<Option<Response<ResponseBody>>> {
    match last.map(str::parse) {
        None => standalone::open(node, session, room, ReadFrom::Tail).await.map(Some),
        Some(Ok(EventId::Standalone(offset))) => {
            standalone::open(node, session, room, ReadFrom::After(Offset(offset))).await.map(Some)
        }
        Some(Ok(EventId::Posted { is_last: true, .. })) => Ok(Some(event::over())),
        Some(Ok(EventId::Posted { node: owner, exchange, number, is_last: false })) => {
            resumed::open(node, session, room, owner, exchange, number).await
        }
        Some(Err(event::NoEventId)) => Ok(None),
    }
}

/// Resolves after the time between signs of life; never, if there are to be none.
async fn keep_alive(node: &Node) {
    match node.config.keep_alive() {
        Some(every) => tokio::time::sleep(every).await,
        None => std::future::pending().await,
    }
}

/// How long a stream that is continued may hear nothing of the node that carries it out: at first, and later, when that is
/// asked again and again.
const SILENT_AT_FIRST: Duration = Duration::from_secs(2);
const SILENT: Duration = Duration::from_secs(40);
const ASK_EVERY: Duration = Duration::from_secs(15);
