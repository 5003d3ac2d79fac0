use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fastestmcp_core::context::{Caller, NoClient};
use fastestmcp_core::operation::{CallError, Listen, Listening, UpdateTask};
use fastestmcp_core::session::{Scope, SessionError, SessionRecord};
use fastestmcp_core::task::ClientAbilities;
use futures_util::{Stream, StreamExt};
use parking_lot::Mutex;
use rmcp::ServerHandler;
use rmcp::model::{ClientJsonRpcMessage, InitializeRequestParams, ServerJsonRpcMessage};
use rmcp::transport::WorkerTransport;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, LocalSessionWorker,
};
use rmcp::transport::streamable_http_server::session::{EventStore, ServerSseMessage};
use rmcp::transport::streamable_http_server::{RestoreOutcome, SessionId, SessionManager};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::call::HttpCall;
use super::refusal::Refusal;
use crate::auth::LiveSession;
use crate::handler::McpHandler;
use crate::session_transport::SessionTransport;
use crate::telemetry::{Refused, TARGET};
use crate::wire::question::Question;

/// Bytes of the params of `initialize` at most: they are kept as long as the session.
const MAX_INITIALIZE: usize = 64 << 10;

/// Sessions that exist as long as the registry says so, on every node.
///
/// A local worker is only a cache of one: it is made when a request needs it and closed when the registry no longer
/// knows the session. What a session is and who may use it is decided here, within the request (see [`HttpCall`]).
pub(super) struct RegistrySessions {
    local: LocalSessionManager,
    handler: McpHandler,
    /// Of the sessions that have a worker here, which are known by their ids alone.
    digests: Mutex<HashMap<SessionId, String>>,
}

/// Why a session cannot serve a request.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionsError {
    /// The refusal is with the request.
    #[error("the request was refused")]
    Refused,
    /// No request is running, or its body is not what the protocol layer took it for.
    #[error("the session manager was called out of turn")]
    OutOfTurn,
    /// The operating system's random source failed.
    #[error(transparent)]
    Random(#[from] fastestmcp_core::ids::RandomSourceFailed),
    /// The local worker failed.
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
}

type Transport = SessionTransport<WorkerTransport<LocalSessionWorker>>;

impl RegistrySessions {
    pub(super) fn new(handler: McpHandler) -> Self {
        let mut local = LocalSessionManager::default();
        // It would end a session under calls that are still running; how long a session lives is the registry's.
        local.session_config.keep_alive = None;
        Self { local, handler, digests: Mutex::default() }
    }

    fn widen(&self, transport: WorkerTransport<LocalSessionWorker>) -> Result<Transport, SessionsError> {
        Ok(SessionTransport::new(transport, self.handler.catalog().clone())?)
    }

    /// What the registry will remember of the running `initialize`.
    fn record(&self, call: &HttpCall) -> Option<SessionRecord> {
        #[derive(Deserialize)]
        struct Initialize {
            params: Box<RawValue>,
        }
        let message = call.initialize().filter(|message| message.len() <= MAX_INITIALIZE)?;
        let Initialize { params } = serde_json::from_slice(message).ok()?;
        let typed: InitializeRequestParams = serde_json::from_str(params.get()).ok()?;
        let agreed = self.handler.negotiate_initialize(&typed).ok()?.protocol_version;
        Some(SessionRecord::new(call.principal().clone(), agreed.as_str().to_owned(), params))
    }

    fn unavailable(call: &HttpCall, error: &(dyn std::error::Error + 'static)) -> SessionsError {
        tracing::error!(target: TARGET, error, "the session registry failed");
        call.refuse(Refusal::StoreUnavailable);
        SessionsError::Refused
    }

    /// Records what the client answered to a task, whichever node asked it: accepted is recorded. On the node that asked
    /// the answer then ends the wait of its request, too.
    async fn take_answer(&self, call: &HttpCall, question: Question, answer: Value) -> Result<(), SessionsError> {
        let update = UpdateTask::new(question.task, BTreeMap::from([(question.key, answer)]));
        match self.handler.runtime().handle(update, caller(call)?, Arc::new(NoClient)).await {
            Err(CallError::Store(error)) => Err(Self::unavailable(call, &error)),
            Err(error) => {
                tracing::debug!(target: TARGET, error = %Refused(&error), "the answer was not taken");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Room for a stream that the client keeps open.
    async fn room(&self, call: &HttpCall) -> Result<Listening, SessionsError> {
        match self.handler.runtime().handle(Listen::default(), caller(call)?, Arc::new(NoClient)).await {
            Ok(room) => Ok(room),
            Err(CallError::Overloaded { resource, retry_after }) => {
                call.refuse(Refusal::Overloaded { resource, retry_after });
                Err(SessionsError::Refused)
            }
            Err(error) => {
                call.refuse(Refusal::NotListening(error.to_rpc()));
                Err(SessionsError::Refused)
            }
        }
    }

    /// The registry's word on a session; what it does not know is closed here.
    async fn exists(&self, call: &HttpCall, id: &SessionId) -> Result<bool, SessionsError> {
        let sessions = self.handler.runtime().sessions();
        match sessions.open(call.principal(), id).await {
            Ok(Some(record)) => {
                let digest = Scope::session(call.principal(), id).id;
                self.digests.lock().insert(id.clone(), digest.clone());
                call.identified().found_session(LiveSession { digest, record });
                Ok(true)
            }
            Ok(None) => {
                call.refuse(Refusal::SessionGone);
                // A live session of somebody else must not feel that it was asked for.
                let known = self.digests.lock().get(id).cloned();
                if let Some(digest) = known
                    && sessions.record(&digest).await.is_ok_and(|found| found.is_none())
                {
                    self.forget(id).await?;
                }
                Ok(false)
            }
            Err(error) => Err(Self::unavailable(call, &error)),
        }
    }

    /// Closes what this node has of a session.
    async fn forget(&self, id: &SessionId) -> Result<(), SessionsError> {
        self.digests.lock().remove(id);
        Ok(self.local.close_session(id).await?)
    }
}

/// The same stream, which keeps its room as long as it is there.
fn keeping<S: Stream>(stream: S, room: Listening) -> impl Stream<Item = S::Item> {
    stream.inspect(move |_| {
        let _kept = &room;
    })
}

/// The request that is served, which is of a session.
fn within_session() -> Result<Arc<HttpCall>, SessionsError> {
    HttpCall::current().filter(|call| call.session().is_some()).ok_or(SessionsError::OutOfTurn)
}

/// Who makes a request within a session.
fn caller(call: &HttpCall) -> Result<Caller, SessionsError> {
    let session = call.session().ok_or(SessionsError::OutOfTurn)?;
    let identified = call.identified();
    let caller = Caller::in_session(identified.auth.clone(), session.digest.clone(), ClientAbilities::default());
    Ok(identified.at_its_address(caller))
}

impl SessionManager for RegistrySessions {
    type Error = SessionsError;
    type Transport = Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let call = HttpCall::current().ok_or(SessionsError::OutOfTurn)?;
        let Some(record) = self.record(&call) else {
            call.refuse(Refusal::BadInitialize);
            return Err(SessionsError::Refused);
        };
        let id: SessionId = match self.handler.runtime().sessions().create(&record).await {
            Ok(id) => id.into(),
            Err(SessionError::Full { retry_after }) => {
                call.refuse(Refusal::Overloaded { resource: "sessions", retry_after });
                return Err(SessionsError::Refused);
            }
            Err(error) => return Err(Self::unavailable(&call, &error)),
        };
        match self.local.restore_session(id.clone()).await? {
            RestoreOutcome::Restored(transport) => Ok((id, self.widen(transport)?)),
            _ => Err(SessionsError::OutOfTurn),
        }
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        Ok(self.local.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        let call = HttpCall::current().ok_or(SessionsError::OutOfTurn)?;
        if !self.exists(&call, id).await? {
            // The protocol layer would look further for it, and who may have it would wait for that and be told the same.
            return call.leave().await;
        }
        Ok(self.local.has_session(id).await?)
    }

    /// Within a request this is its DELETE, which ends the session everywhere; else a worker has ended, which ends nothing.
    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        if let Some(call) = HttpCall::current() {
            if !self.exists(&call, id).await? {
                return Ok(());
            }
            let ended = self.handler.runtime().end_session(call.principal(), id).await;
            ended.map_err(|error| Self::unavailable(&call, &error))?;
        }
        self.forget(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.local.create_stream(id, message).await?)
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        let call = within_session()?;
        if let Some((question, answer)) = Question::answered(&message) {
            self.take_answer(&call, question, answer).await?;
        }
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let room = self.room(&*within_session()?).await?;
        Ok(keeping(self.local.create_standalone_stream(id).await?, room))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let room = self.room(&*within_session()?).await?;
        Ok(keeping(self.local.resume(id, last_event_id).await?, room))
    }

    async fn restore_session(&self, id: SessionId) -> Result<RestoreOutcome<Self::Transport>, Self::Error> {
        match self.local.restore_session(id).await? {
            RestoreOutcome::Restored(transport) => Ok(RestoreOutcome::Restored(self.widen(transport)?)),
            RestoreOutcome::AlreadyPresent => Ok(RestoreOutcome::AlreadyPresent),
            _ => Ok(RestoreOutcome::NotSupported),
        }
    }

    /// None: with one, the protocol layer would keep 2026 streams too and no longer cancel calls on disconnect.
    fn event_store(&self) -> Option<Arc<dyn EventStore>> {
        None
    }
}
