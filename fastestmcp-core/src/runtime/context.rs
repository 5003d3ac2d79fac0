use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::error::ContextError;
use super::locals::Locals;
use super::replay::Replay;
use super::shared::Shared;
use super::state::{Access, State};
use super::task::TaskRun;
use crate::ids::{self, TaskId};
use crate::json;
use crate::limits::check_span;
use crate::principal::Principal;
use crate::session::{CommitOutcome, CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, Touch};
use crate::task::{DefaultScope, InputRequest, Progress, TaskEvent};
use crate::tool::{ToolError, filled_in, form, form_of};

/// Where a handle keeps the life that each use renews.
const HANDLE_TTL: &str = "r/ttl";

/// What the user answered to an elicitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// They filled in the form.
    Accepted(T),
    /// They said no.
    Declined,
    /// They closed the form.
    Cancelled,
}

/// What a handler works with: stored values, the client, progress, replay points. Cheap to clone.
///
/// The same type in plain calls and in tasks, in both protocol eras.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tool: String,
    pub(crate) caller: Caller,
    pub(crate) meta: Map<String, Value>,
    pub(crate) locals: Locals,
    pub(crate) replay: Arc<Replay>,
    pub(crate) cancelled: CancellationToken,
    /// How long the call or run may take.
    pub(crate) patience: Duration,
    pub(crate) sink: Sink,
}

/// Where progress and records of a handler go.
pub(crate) enum Sink {
    /// A plain call: to the client, and into memory. The token, if there is one, turns the call into a task.
    Plain(mpsc::Sender<Progress>, Option<CancellationToken>),
    /// A task: into its record.
    Task(Arc<TaskRun>),
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("tool", &self.0.tool).field("task", &self.task_id()).finish_non_exhaustive()
    }
}

impl Context {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn replay(&self) -> Arc<Replay> {
        self.0.replay.clone()
    }

    /// The tool that was called.
    pub fn tool(&self) -> &str {
        &self.0.tool
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

    /// The task this handler runs as, if it does.
    pub fn task_id(&self) -> Option<&TaskId> {
        match &self.0.sink {
            Sink::Plain(..) => None,
            Sink::Task(run) => Some(run.id()),
        }
    }

    // ---- stored values ----

    /// Which values the state verbs act on (contract C1).
    pub fn default_scope(&self) -> &DefaultScope {
        &self.0.caller.scope
    }

    /// The value of `key` in the default scope, or the request-local value that shadows it.
    ///
    /// # Errors
    /// [`ContextError::NoState`], [`ContextError::LocalType`], or as [`State::get`].
    pub async fn get_state<T>(&self, key: &str) -> Result<Option<T>, ContextError>
    where
        T: DeserializeOwned + Clone + 'static,
    {
        match self.0.locals.get(key)? {
            Some(local) => Ok(Some(local)),
            None => self.state()?.get(key).await,
        }
    }

    /// Stores a value in the default scope and removes a request-local value that shadows it.
    ///
    /// # Errors
    /// [`ContextError::NoState`], or as [`State::set`].
    pub async fn set_state<T: Serialize + Sync + ?Sized>(&self, key: &str, value: &T) -> Result<(), ContextError> {
        self.state()?.set(key, value).await?;
        self.0.locals.remove(key);
        Ok(())
    }

    /// Removes a key from the default scope, and a request-local value of it. A caller without stored values can
    /// still delete a local one.
    ///
    /// # Errors
    /// [`ContextError::NoState`], or as [`State::delete`].
    pub async fn delete_state(&self, key: &str) -> Result<(), ContextError> {
        match self.state() {
            Ok(state) => {
                state.delete(key).await?;
                self.0.locals.remove(key);
                Ok(())
            }
            Err(error) if !self.0.locals.remove(key) => Err(error),
            Err(_) => Ok(()),
        }
    }

    /// Replaces the stored value of a key by `f` of it, losing no concurrent update; returns the new one.
    ///
    /// # Errors
    /// [`ContextError::NoState`], or as [`State::update`].
    pub async fn update_state<T, U>(&self, key: &str, f: impl FnMut(Option<T>) -> U + Send) -> Result<U, ContextError>
    where
        T: DeserializeOwned,
        U: Serialize + Send,
    {
        let new = self.state()?.update(key, f).await?;
        self.0.locals.remove(key);
        Ok(new)
    }

    /// Sets a value of any type for this call only. It shadows a stored value of the same key and never reaches a store
    /// (contract C2).
    pub fn set_request_local<T: Any + Send + Sync>(&self, key: impl Into<String>, value: T) {
        self.0.locals.set(key.into(), Arc::new(value));
    }

    /// The request-local value of a key, if there is one.
    ///
    /// # Errors
    /// [`ContextError::LocalType`]: it is no `T`.
    pub fn request_local<T: Clone + 'static>(&self, key: &str) -> Result<Option<T>, ContextError> {
        self.0.locals.get(key)
    }

    fn access(&self) -> Access {
        let shared = &self.0.shared;
        Access {
            store: shared.stores.sessions.clone(),
            queue: shared.key_queue.clone(),
            patience: self.0.patience,
            waits_for_store: matches!(self.0.sink, Sink::Task(_)),
        }
    }

    /// The default scope as an object of its own.
    ///
    /// # Errors
    /// [`ContextError::NoState`].
    pub fn state(&self) -> Result<State, ContextError> {
        let shared = &self.0.shared;
        match &self.0.caller.scope {
            DefaultScope::Session(session) => {
                let scope = Scope::new(ScopeKind::Session, session.clone());
                Ok(State::new(self.access(), scope, CommitRule::Existing, None))
            }
            DefaultScope::Principal => {
                let ttl = shared.config.principal_ttl;
                let rule = CommitRule::CreateIfMissing(Lifetime { ttl, max_life: None });
                let scope = Scope::principal(self.principal());
                Ok(State::new(self.access(), scope, rule, Some(Touch::new(ttl))))
            }
            DefaultScope::None => Err(ContextError::NoState),
        }
    }

    /// Values of the server itself under a name, the same for all callers and nodes.
    pub fn app_state(&self, name: &str) -> State {
        State::new(self.access(), Scope::system("app", name), CommitRule::Existing, None)
    }

    /// Makes a state handle: a fresh scope that lives for `ttl` after its last use and that only the same principal can
    /// open, by the id returned (43 characters). For an anonymous caller the id is a bearer token and the handle has an
    /// absolute end (contract C6).
    ///
    /// # Errors
    /// The store failed, or `ttl` is not within 1 ms to 100 years.
    pub async fn create_handle(&self, ttl: Duration) -> Result<String, ContextError> {
        check_span("ttl", ttl)?;
        let id = ids::random_token()?;
        let anonymous = *self.principal() == Principal::Anonymous;
        let max_life = anonymous.then_some(self.0.shared.config.anonymous_handle_max);
        let ttl_record = crate::time::millis(ttl).to_string();
        let request = CommitRequest::new(
            Scope::handle(self.principal(), &id),
            CommitRule::CreateNew(Lifetime { ttl, max_life }),
            vec![Op::put(HANDLE_TTL, ttl_record)],
        );
        match self.0.shared.stores.sessions.commit(request).await?.value {
            CommitOutcome::Committed(_) => Ok(id),
            _ => Err(ContextError::Contention),
        }
    }

    /// Opens a state handle.
    ///
    /// # Errors
    /// [`ContextError::UnknownHandle`] if it is unknown, expired, or another principal's; or the store failed.
    pub async fn handle(&self, id: &str) -> Result<State, ContextError> {
        let scope = Scope::handle(self.principal(), id);
        let loaded = self.0.shared.stores.sessions.load(&scope, &[HANDLE_TTL], None).await?.value;
        let entry = loaded.entries.into_iter().next().flatten().ok_or(ContextError::UnknownHandle)?;
        let ttl = std::str::from_utf8(&entry.value).ok().and_then(|ms| ms.parse().ok());
        let touch = ttl.map(|ms| Touch::new(Duration::from_millis(ms)));
        Ok(State::new(self.access(), scope, CommitRule::Existing, touch))
    }

    // ---- the client ----

    /// Asks the user to fill in a form with the fields of `T`, a flat struct of strings, numbers, booleans, enums without
    /// data and lists of these: see [`form_of`] for every kind of field and what it may say.
    ///
    /// A replay point (contract T15): the key stands for this question for the life of the call or task; when the
    /// handler runs again, an answer that was given is returned at once.
    ///
    /// ```
    /// use fastestmcp_core::runtime::{Answer, Context};
    /// use fastestmcp_core::tool::{NoArgs, ToolError};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Confirm {
    ///     /// Go ahead?
    ///     yes: bool,
    /// }
    ///
    /// async fn deploy(cx: Context, _: NoArgs) -> Result<&'static str, ToolError> {
    ///     match cx.elicit::<Confirm>("confirm", "Deploy to production?").await? {
    ///         Answer::Accepted(Confirm { yes: true }) => Ok("deployed"),
    ///         _ => Err(ToolError::new("not confirmed")),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// `T` is no form ([`ContextError::NotAForm`]), the client does not support forms, the key was used for something
    /// else, or the client failed.
    pub async fn elicit<T>(&self, key: &str, message: impl Into<String> + Send) -> Result<Answer<T>, ContextError>
    where
        T: JsonSchema + DeserializeOwned,
    {
        let form = Value::Object(form_of::<T>()?);
        let params = json!({ "mode": "form", "message": message.into(), "requestedSchema": &form });
        let mut answer = self.raise(key, "elicitation/create", params).await?;
        match answer.get("action").and_then(Value::as_str) {
            Some("accept") => {
                let content = answer.get_mut("content").map(Value::take).filter(|content| !content.is_null());
                let content = content.unwrap_or_else(|| Value::Object(Map::new()));
                filled_in(&form, content).map(Answer::Accepted).map_err(ContextError::NotReadable)
            }
            Some("decline") => Ok(Answer::Declined),
            _ => Ok(Answer::Cancelled),
        }
    }

    /// Asks the client's model: params and result as MCP's `sampling/createMessage` has them. A replay point.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn sample(&self, key: &str, params: Value) -> Result<Value, ContextError> {
        self.ask(key, "sampling/createMessage", params).await
    }

    /// Asks the client for its roots. A replay point.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn roots(&self, key: &str) -> Result<Value, ContextError> {
        self.ask(key, "roots/list", json!({})).await
    }

    /// Sends the client one of the three requests that MCP allows, with any params. A replay point.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn ask(&self, key: &str, method: &'static str, mut params: Value) -> Result<Value, ContextError> {
        if method == "elicitation/create"
            && let Some(schema) = params.get_mut("requestedSchema")
        {
            *schema = Value::Object(form(schema.take())?);
        }
        self.raise(key, method, params).await
    }

    async fn raise(&self, key: &str, method: &'static str, params: Value) -> Result<Value, ContextError> {
        let abilities = self.0.caller.abilities;
        let declared = match method {
            "elicitation/create" => abilities.elicitation,
            "sampling/createMessage" => abilities.sampling,
            "roots/list" => abilities.roots,
            _ => false,
        };
        if !declared {
            return Err(ContextError::NotDeclared(method));
        }
        json::check_depth(&params).map_err(too_deep)?;
        self.0.replay.answer(key, &InputRequest { method: method.to_owned(), params }).await
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
        let progress = Progress { progress, total, message };
        match &self.0.sink {
            // A client that does not keep up misses some: progress is a hint.
            Sink::Plain(sender, _) => drop(sender.try_send(progress)),
            Sink::Task(run) => run.note_progress(progress),
        }
    }

    /// Goes on as a task: the client is given a task id and waits no longer. For tools whose policy says
    /// [`detaches`](crate::tool::TaskPolicy::detaches); where the call is a task already, or cannot become one, it just
    /// goes on.
    ///
    /// A replay point (contract T15): the handler runs again from its start, as the task, and gets back what was
    /// answered and recorded before.
    pub async fn detach(&self) {
        if let Sink::Plain(_, Some(detach)) = &self.0.sink {
            detach.cancel();
            std::future::pending::<()>().await;
        }
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

    // ---- replay ----

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
        if let Sink::Task(run) = &self.0.sink {
            run.write(TaskEvent::Recorded { key: key.to_owned(), value: value.clone() }).await?;
        }
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
        if let Sink::Task(run) = &self.0.sink {
            run.write(TaskEvent::Checkpointed(value.clone())).await?;
        }
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

fn too_deep(error: json::TooDeep) -> ContextError {
    ContextError::NotSerializable(serde::ser::Error::custom(error))
}
