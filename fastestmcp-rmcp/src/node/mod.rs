//! One node: the service, the shared stores, what runs here, and what other nodes relay.

mod grant;
mod relay;
mod sweep;

pub(crate) use grant::Grant;
pub(crate) use relay::Relay;

use std::sync::Arc;

use bytes::Bytes;
use fastestmcp_core::error::StoreResult;
use fastestmcp_core::event::Keep;
use fastestmcp_core::ids::RandomSourceFailed;
use fastestmcp_core::limits::Limits;
use fastestmcp_core::runtime::Runtime;
use rmcp::RoleServer;
use rmcp::model::{ErrorData, RequestId};
use rmcp::service::DynService;
use tokio_util::sync::CancellationToken;

use crate::config::SharedHttpConfig;
use crate::exchange::encode_error;
use crate::exchanges::Exchanges;
use crate::outbox::{Outbox, Spill};
use crate::place;
use crate::topic::{self, Entry};
use crate::wire::Wire;

pub(crate) struct Node {
    /// Random: what was asked before a restart is not answered after it.
    pub(crate) name: String,
    pub(crate) service: Arc<dyn DynService<RoleServer>>,
    pub(crate) runtime: Runtime,
    pub(crate) wire: Arc<dyn Wire>,
    pub(crate) config: SharedHttpConfig,
    pub(crate) exchanges: Arc<Exchanges>,
    /// Cancelled when all streams are to end.
    pub(crate) streams: CancellationToken,
    limits: Limits,
}

impl Node {
    /// A node that hears what others relay to it as long as its runtime runs.
    ///
    /// # Errors
    /// The operating system's random source failed.
    pub(crate) fn start(
        service: Arc<dyn DynService<RoleServer>>,
        runtime: Runtime,
        wire: Arc<dyn Wire>,
        config: SharedHttpConfig,
        streams: CancellationToken,
    ) -> Result<Arc<Self>, RandomSourceFailed> {
        let name = place::random_node()?;
        let exchanges = Exchanges::new(config.max_calls_per_session, config.max_calls);
        let limits = runtime.stores().events.guarantees().limits;
        let node = Arc::new(Self { name, service, runtime, wire, config, exchanges, streams, limits });
        relay::listen(&node);
        tokio::spawn(sweep::run(Arc::downgrade(&node), node.runtime.stopping()));
        Ok(node)
    }

    /// What a request is answered with.
    pub(crate) fn outbox(&self, session: &str, exchange: u64, request: &RequestId) -> Arc<Outbox> {
        let too_large = ErrorData::internal_error("the answer is too large to be kept", None);
        Outbox::new(Spill {
            topic: topic::stream(session, &self.name, exchange),
            exchange,
            bus: self.runtime.events().clone(),
            limits: self.limits.clone(),
            too_large: encode_error(request, too_large),
        })
    }

    /// Appends to the stream of a session, named by its digest.
    ///
    /// # Errors
    /// As `EventLog::append`.
    pub(crate) async fn append(&self, session: &str, entry: Entry) -> StoreResult<()> {
        self.publish(&topic::session(session), entry.encode(), topic::KEEP_STREAM).await
    }

    pub(crate) async fn publish(&self, topic: &str, event: Bytes, keep: Keep) -> StoreResult<()> {
        self.runtime.events().publish(topic, vec![event], keep).await
    }
}
