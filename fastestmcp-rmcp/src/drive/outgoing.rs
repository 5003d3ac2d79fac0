#![allow(deprecated, reason = "the revisions with sessions have logging")]

use rmcp::model::{GetMeta, JsonRpcMessage, NumberOrString, ProgressToken, ServerJsonRpcMessage, ServerNotification};

use crate::error::SendError;
use crate::exchanges::Open;
use crate::node::Node;
use crate::notification::log_level;
use crate::place::Place;
use crate::session::Session;

/// Where something goes that a handler says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// It ends the exchange.
    Answer,
    /// The stream of the request, if there is one, else that of the session.
    Request,
    /// The stream of the session: it is not about this request.
    Session,
}

/// Gives what the handler says ids that are unique over nodes, and tells where it goes; `None` for what the client does not
/// want.
///
/// # Errors
/// The handler has asked the client more than may be open at once.
pub(super) fn readdress(
    message: &mut ServerJsonRpcMessage,
    node: &Node,
    open: &Open,
    session: Option<&Session>,
) -> Result<Option<Destination>, SendError> {
    let place = |number: &NumberOrString, tag| match number {
        NumberOrString::Number(number) => {
            let (node, exchange) = (node.name.clone(), open.exchange.id);
            NumberOrString::String(Place { node, exchange, number: number.unsigned_abs(), tag }.to_string().into())
        }
        NumberOrString::String(_) => number.clone(),
    };
    let destination = match message {
        JsonRpcMessage::Request(request) => {
            if !open.exchange.ask() {
                return Err(SendError::Overloaded);
            }
            request.id = place(&request.id, node.wire.tag(&request.request));
            if let Some(token) = request.request.get_meta().get_progress_token() {
                // rmcp counts these for itself: they are those of the request.
                request.request.get_meta_mut().set_progress_token(ProgressToken(place(&token.0, None)));
            }
            Destination::Request
        }
        JsonRpcMessage::Notification(notification) => match &mut notification.notification {
            ServerNotification::CancelledNotification(cancelled) => {
                cancelled.params.request_id = cancelled.params.request_id.as_ref().map(|id| place(id, None));
                Destination::Request
            }
            ServerNotification::LoggingMessageNotification(log) => {
                let least = session.and_then(Session::level);
                if least.is_some_and(|least| log_level(log.params.level) < least) {
                    return Ok(None);
                }
                Destination::Request
            }
            ServerNotification::ResourceUpdatedNotification(_)
            | ServerNotification::ResourceListChangedNotification(_)
            | ServerNotification::ToolListChangedNotification(_)
            | ServerNotification::PromptListChangedNotification(_) => Destination::Session,
            _ => Destination::Request,
        },
        JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => Destination::Answer,
    };
    Ok(Some(destination))
}
