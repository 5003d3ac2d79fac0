use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::error::ContextError;

/// Values of one call that never reach a store (contract C2).
#[derive(Default)]
pub(crate) struct Locals(Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>);

impl Locals {
    pub(crate) fn set(&self, key: String, value: Arc<dyn Any + Send + Sync>) {
        self.0.lock().insert(key, value);
    }

    /// The local value of `key`: `None` if there is none, an error if it is no `T`.
    pub(crate) fn get<T: Clone + 'static>(&self, key: &str) -> Result<Option<T>, ContextError> {
        match self.0.lock().get(key) {
            None => Ok(None),
            Some(value) => {
                value.downcast_ref::<T>().cloned().map(Some).ok_or_else(|| ContextError::LocalType(key.to_owned()))
            }
        }
    }

    pub(crate) fn remove(&self, key: &str) -> bool {
        self.0.lock().remove(key).is_some()
    }
}
