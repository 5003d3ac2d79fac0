use std::sync::Arc;

use bytes::Bytes;
use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ErrorData, JsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::Transport;

use super::outgoing::{Destination, readdress};
use super::{Drive, Life};
use crate::error::SendError;
use crate::exchange::{Exchange, encode_error};
use crate::node::{Grant, Node};
use crate::outbox::Outbox;
use crate::session::Session;
use crate::topic::Entry;

/// The transport of one message. What is large is boxed: the task around it is moved several times.
pub(super) struct Once {
    drive: Box<Drive>,
    message: Option<Box<ClientJsonRpcMessage>>,
    life: Arc<Life>,
}

impl Once {
    pub(super) fn new(drive: Drive, message: Option<ClientJsonRpcMessage>, life: Arc<Life>) -> Self {
        Self { drive: Box::new(drive), message: message.map(Box::new), life }
    }

    /// What must happen in the order in which the handler says it: rmcp spawns the futures of sending.
    fn take(&mut self, mut message: ServerJsonRpcMessage) -> Result<Rest, SendError> {
        let Drive { node, open, session, grant, .. } = &mut *self.drive;
        let Some(destination) = readdress(&mut message, node, open, session.as_ref())? else {
            return Ok(Rest::Nothing);
        };
        node.wire.outbound(session.as_ref(), &mut message);
        let data: Bytes = match (serde_json::to_vec(&message), &open.exchange.request) {
            (Ok(data), _) => data.into(),
            // Without an answer its client would wait for ever.
            (Err(error), Some(request)) if destination == Destination::Answer => {
                tracing::error!(%error, "an answer does not serialize");
                encode_error(request, ErrorData::internal_error("internal", None))
            }
            (Err(error), _) => return Err(error.into()),
        };
        let is_granted = matches!(message, JsonRpcMessage::Response(_));
        match (destination, &self.life.outbox) {
            (Destination::Answer, Some(outbox)) => {
                let grant = grant.take().filter(|_| is_granted).zip(session.clone());
                let (outbox, life) = (outbox.clone(), self.life.clone());
                Ok(Rest::Answer(Answer {
                    outbox,
                    data,
                    node: node.clone(),
                    exchange: open.exchange.clone(),
                    grant,
                    life,
                }))
            }
            (Destination::Request, Some(outbox)) => {
                outbox.push(data, false);
                Ok(Rest::Paced(outbox.clone()))
            }
            _ => {
                let session = session.as_ref().ok_or(SendError::NoSession)?;
                Ok(Rest::Append { node: node.clone(), session: session.clone(), data })
            }
        }
    }
}

/// What is left to do, and may take its time.
enum Rest {
    Nothing,
    Paced(Arc<Outbox>),
    Append { node: Arc<Node>, session: Session, data: Bytes },
    Answer(Answer),
}

struct Answer {
    outbox: Arc<Outbox>,
    data: Bytes,
    node: Arc<Node>,
    exchange: Arc<Exchange>,
    grant: Option<(Grant, Session)>,
    life: Arc<Life>,
}

impl Rest {
    async fn run(self) -> Result<(), SendError> {
        match self {
            Self::Nothing => {}
            Self::Paced(outbox) => outbox.has_room().await,
            Self::Append { node, session, data } => {
                node.append(session.digest(), Entry::Message(data)).await?;
            }
            Self::Answer(Answer { outbox, mut data, node, exchange, grant, life }) => {
                if let (Some((grant, session)), Some(request)) = (grant, &exchange.request)
                    && let Err(refused) = node.grant(&session, grant).await
                {
                    data = encode_error(request, refused);
                }
                // Before the client has its answer: it may use the id again at once.
                node.exchanges.answered(&exchange);
                outbox.push(data, true);
                life.over.cancel();
            }
        }
        Ok(())
    }
}

impl Transport<RoleServer> for Once {
    type Error = SendError;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let rest = self.take(message);
        async move { rest?.run().await }
    }

    // Cancelled and called again all the time.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        if let Some(message) = self.message.take() {
            return Some(*message);
        }
        tokio::select! {
            biased;
            () = self.life.over.cancelled() => None,
            message = self.drive.inbox.recv() => message.map(|message| *message),
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        if let Some(outbox) = &self.life.outbox {
            // Cancelled, and not answered in time.
            outbox.push(Bytes::new(), true);
        }
        Ok(())
    }
}
