//! What is not done again when a handler runs again (contract T15).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Context;
use super::error::{ContextError, too_deep};
use super::failure::ToolError;
use crate::json;
use crate::task::TaskEvent;

impl Context {
    /// Runs `f` once for the life of the call or task and records its result: when the handler runs again, the recorded
    /// result is returned and `f` is not run (contract T15). A failure is not recorded.
    ///
    /// # Errors
    /// What `f` returns, or the result could not be recorded (or is no `T` any more). A store that does not answer is
    /// waited for (contract T6).
    ///
    /// Calls of one key take turns, so `f` must not call `once` with its own key.
    pub async fn once<T, F, Fut>(&self, key: &str, f: F) -> Result<T, ToolError>
    where
        T: Serialize + DeserializeOwned + Send,
        F: FnOnce() -> Fut + Send,
        Fut: Future<Output = Result<T, ToolError>> + Send,
    {
        // One at a time: a second caller gets what the first one recorded.
        let _turn = self.0.replay.turn_of(key).await;
        if let Some(value) = self.0.replay.recorded(key) {
            return Ok(serde_json::from_value(value).map_err(ContextError::NotReadable)?);
        }
        let result = f().await?;
        let value = storable(&result)?;
        self.0.host.record(TaskEvent::Recorded { key: key.to_owned(), value: value.clone() }).await?;
        self.0.replay.record(key, value);
        Ok(result)
    }

    /// Stores where to resume; in a task durable before it returns. Replaces the checkpoint before it.
    ///
    /// # Errors
    /// It does not serialize, or could not be stored: it is too large, or the task is no longer this run's. A store that
    /// does not answer is waited for (contract T6).
    pub async fn checkpoint<T: Serialize + Sync + ?Sized>(&self, value: &T) -> Result<(), ContextError> {
        let value = storable(value)?;
        self.0.host.record(TaskEvent::Checkpointed(value.clone())).await?;
        self.0.replay.set_checkpoint(value);
        Ok(())
    }

    /// The last checkpoint of an earlier run of this handler, or of this one.
    ///
    /// # Errors
    /// It is no `T`.
    pub fn restored<T: DeserializeOwned>(&self) -> Result<Option<T>, ContextError> {
        let checkpoint = self.0.replay.checkpoint();
        checkpoint.map(|value| serde_json::from_value(value).map_err(ContextError::NotReadable)).transpose()
    }
}

/// As the journal keeps it.
fn storable<T: Serialize + ?Sized>(value: &T) -> Result<Value, ContextError> {
    let value = serde_json::to_value(value).map_err(ContextError::NotSerializable)?;
    json::check_depth(&value).map_err(too_deep)?;
    Ok(value)
}
