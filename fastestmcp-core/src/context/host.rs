use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::error::ContextError;
use super::log::LogMessage;
use crate::event::List;
use crate::ids::TaskId;
use crate::session::{CommitOutcome, CommitRequest, CommitRule, Entry, Loaded, Scope, Touch};
use crate::task::{Progress, TaskEvent};
use crate::visibility::VisibilityRules;

/// What makes a new value of an old one; it may run several times.
pub(crate) type Change<'f> = dyn FnMut(Option<&Entry>) -> Result<Bytes, ContextError> + Send + 'f;

/// What makes new rules of old ones; it may run several times.
pub(crate) type RulesChange<'f> = dyn FnMut(&mut VisibilityRules) + Send + 'f;

/// Stored values as a context reaches them. The runtime implements it.
#[async_trait]
pub(crate) trait Values: Send + Sync {
    /// How long the values of a principal live after their last use.
    fn principal_ttl(&self) -> Duration;

    /// How long a state handle of an anonymous caller lives at most.
    fn anonymous_handle_max(&self) -> Duration;

    /// Reads values, and slides the life of their scope.
    async fn load(&self, scope: &Scope, keys: &[&str], touch: Option<Touch>) -> Result<Loaded, ContextError>;

    /// A write that may be applied twice: the later of two equal ones is as good as the first.
    async fn commit(&self, request: CommitRequest) -> Result<CommitOutcome, ContextError>;

    /// Replaces one value, losing no concurrent update (contract C4).
    async fn update(&self, at: ValueRef<'_>, change: &mut Change<'_>) -> Result<(), ContextError>;

    /// Replaces the rules of what is shown, and tells those whose lists are others by it (contract C7).
    async fn update_rules(&self, at: ValueRef<'_>, change: &mut RulesChange<'_>) -> Result<(), ContextError>;
}

/// What else a context rests on. The runtime implements it, for plain calls and for tasks: nothing here knows which it is.
#[async_trait]
pub(crate) trait Host: Send + Sync {
    /// The task that the handler runs as, if it does.
    fn task_id(&self) -> Option<&TaskId>;

    /// Passes progress on, some time; never waits.
    fn progress(&self, progress: Progress);

    /// Passes a message on to the client's log, some time; never waits.
    fn log(&self, message: LogMessage);

    /// Announces that a resource has changed, some time; never waits.
    fn resource_updated(&self, uri: String);

    /// Announces that a list has changed, some time; never waits.
    fn list_changed(&self, list: List);

    /// Keeps what must not be done again. Nothing to do where a handler never runs again in another process.
    async fn record(&self, event: TaskEvent) -> Result<(), ContextError>;

    /// Lets the call go on as a task, and never returns then.
    async fn detach(&self);
}

/// Where a value is, and what if its scope is missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueRef<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) key: &'a str,
    pub(crate) rule: CommitRule,
    pub(crate) touch: Option<Touch>,
}
