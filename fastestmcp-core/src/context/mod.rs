//! What a handler works with, whatever kind of component it belongs to: stored values, the client, progress, replay
//! points. What all of that rests on is the runtime's, behind a trait of this module.

mod caller;
mod error;
mod failure;
mod form;
mod host;
mod locals;
mod log;
mod questions;
mod recorded;
mod replay;
mod request;
mod state;
mod values;
mod visibility;

pub use caller::{Caller, Client, NoClient};
pub use error::ContextError;
pub(crate) use failure::Failure;
pub use failure::ToolError;
pub use form::{NotAForm, form_of};
pub(crate) use host::{Change, Host, RulesChange, ValueRef, Values};
pub(crate) use locals::Locals;
pub use log::LogMessage;
pub use questions::Answer;
pub(crate) use replay::Replay;
pub use request::{Headers, RequestInfo};
pub use state::State;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::ids::TaskId;
use crate::principal::Principal;
use crate::task::Progress;

/// What a handler works with. Cheap to clone.
///
/// The same type in plain calls and in tasks, in both protocol eras.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

pub(crate) struct Inner {
    /// The component that runs.
    pub(crate) name: String,
    pub(crate) caller: Caller,
    pub(crate) request: RequestInfo,
    pub(crate) meta: Arc<Map<String, Value>>,
    /// What the client knows of other arguments.
    pub(crate) known: Arc<BTreeMap<String, String>>,
    pub(crate) locals: Locals,
    pub(crate) replay: Arc<Replay>,
    pub(crate) cancelled: CancellationToken,
    pub(crate) values: Arc<dyn Values>,
    pub(crate) host: Arc<dyn Host>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("name", &self.0.name).field("task", &self.task_id()).finish_non_exhaustive()
    }
}

impl Context {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn replay(&self) -> Arc<Replay> {
        self.0.replay.clone()
    }

    /// The name of the tool that was called, or of the resource, template or prompt that was asked for.
    pub fn tool(&self) -> &str {
        &self.0.name
    }

    /// Who called.
    pub fn principal(&self) -> &Principal {
        &self.0.caller.auth.principal
    }

    /// Who called, from where, and what their client can do.
    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// `_meta` of the request.
    pub fn meta(&self) -> &Map<String, Value> {
        &self.0.meta
    }

    /// What the client knows of another argument, while it has one completed.
    pub fn known(&self, argument: &str) -> Option<&str> {
        self.0.known.get(argument).map(String::as_str)
    }

    /// The task this handler runs as, if it does.
    pub fn task_id(&self) -> Option<&TaskId> {
        self.0.host.task_id()
    }

    /// Says how far the handler is. Never waits. In a task at most two of these a second are written, the last one
    /// always (contract T11). Progress that is not finite is dropped, as JSON has no word for it.
    pub fn progress(&self, progress: f64, total: Option<f64>, message: impl Into<String>) {
        if !progress.is_finite() {
            tracing::debug!(progress, "progress that is no number was dropped");
            return;
        }
        let total = total.filter(|total| total.is_finite());
        let message = Some(message.into()).filter(|message| !message.is_empty());
        self.0.host.progress(Progress { progress, total, message });
    }

    /// Goes on as a task: the client is given a task id and waits no longer. For tools whose policy says
    /// [`detaches`](crate::component::TaskPolicy::detaches); where the call is a task already, or cannot become one, it
    /// just goes on.
    ///
    /// A replay point (contract T15): the handler runs again from its start, as the task, and gets back what was
    /// answered and recorded before.
    pub async fn detach(&self) {
        self.0.host.detach().await;
    }

    /// Resolves when the call should stop: the client cancelled or left, the task was cancelled, expired or taken over,
    /// or its time is over. The handler then has a grace period to end by itself.
    pub async fn cancelled(&self) {
        self.0.cancelled.cancelled().await;
    }

    /// Whether the call should stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.is_cancelled()
    }
}
