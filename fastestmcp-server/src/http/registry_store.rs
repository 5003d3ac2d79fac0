use rmcp::model::{InitializeRequestParams, ProtocolVersion};
use rmcp::transport::streamable_http_server::session::{SessionState, SessionStore, SessionStoreError};
use serde_json::Value;

use super::call::HttpCall;

/// Gives the protocol layer the `initialize` of a session that another process opened.
///
/// It reads what the session manager has just loaded for the same request, and writes nothing: sessions are made and
/// ended by the session manager.
#[derive(Debug)]
pub(super) struct RegistryStore;

#[async_trait::async_trait]
impl SessionStore for RegistryStore {
    async fn load(&self, _session_id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        let Some(call) = HttpCall::current() else { return Ok(None) };
        let Some(session) = call.session() else { return Ok(None) };
        let mut params: InitializeRequestParams = serde_json::from_str(session.record.initialize.get())?;
        // What was agreed stays agreed, also if this binary would agree to something else.
        let version = Value::String(session.record.protocol_version.clone());
        params.protocol_version = serde_json::from_value::<ProtocolVersion>(version)?;
        Ok(Some(SessionState::new(params)))
    }

    async fn store(&self, _session_id: &str, _state: &SessionState) -> Result<(), SessionStoreError> {
        Ok(())
    }

    async fn delete(&self, _session_id: &str) -> Result<(), SessionStoreError> {
        Ok(())
    }
}
