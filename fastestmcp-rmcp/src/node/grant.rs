use fastestmcp_core::error::StoreError;
use fastestmcp_core::session::{LogLevel, SubscribeError};
use rmcp::model::ErrorData;

use super::Node;
use crate::session::Session;
use crate::topic::Entry;

/// What a granted request changes in its session, before it is answered.
#[derive(Clone, Debug)]
pub(crate) enum Grant {
    /// The least level of log messages.
    Level(LogLevel),
    Subscribe(String),
    Unsubscribe(String),
}

impl Node {
    /// Records what a granted request changes in its session, before it is answered.
    ///
    /// # Errors
    /// It could not be recorded: the request is not granted.
    pub(crate) async fn grant(&self, session: &Session, grant: Grant) -> Result<(), ErrorData> {
        let sessions = self.runtime.sessions();
        let digest = session.digest();
        match grant {
            Grant::Level(level) => {
                let set = sessions.set(digest, |settings| settings.level = Some(level)).await;
                return if set.map_err(|error| unavailable(&error))? { Ok(()) } else { Err(gone()) };
            }
            Grant::Subscribe(uri) => sessions.subscribe(digest, &uri).await.map_err(refused)?,
            Grant::Unsubscribe(uri) => sessions.unsubscribe(digest, &uri).await.map_err(refused)?,
        }
        // Whoever has the standalone stream looks again.
        self.append(digest, Entry::Subscriptions).await.map_err(|error| unavailable(&error))
    }
}

fn refused(error: SubscribeError) -> ErrorData {
    match error {
        SubscribeError::SessionGone => gone(),
        SubscribeError::Store(error) => unavailable(&error),
        refused => ErrorData::invalid_params(refused.to_string(), None),
    }
}

fn gone() -> ErrorData {
    ErrorData::invalid_request("the session has ended", None)
}

fn unavailable(error: &StoreError) -> ErrorData {
    tracing::error!(%error, "a session was not changed");
    ErrorData::internal_error("store unavailable", None)
}
