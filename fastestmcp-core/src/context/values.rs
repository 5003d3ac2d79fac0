//! Stored values (contract C1, C2, C6).

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Context;
use super::error::ContextError;
use super::state::State;
use crate::ids;
use crate::limits::check_span;
use crate::principal::Principal;
use crate::session::{CommitOutcome, CommitRequest, CommitRule, Lifetime, Op, Scope, ScopeKind, Touch};
use crate::task::DefaultScope;

/// Where a handle keeps the life that each use renews.
const HANDLE_TTL: &str = "r/ttl";

impl Context {
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

    /// The default scope as an object of its own.
    ///
    /// # Errors
    /// [`ContextError::NoState`].
    pub fn state(&self) -> Result<State, ContextError> {
        let (scope, rule, touch) = self.default_place()?;
        Ok(self.scoped(scope, rule, touch))
    }

    /// Where the default scope is, what if it is missing, and how a use slides its life.
    pub(super) fn default_place(&self) -> Result<(Scope, CommitRule, Option<Touch>), ContextError> {
        match &self.0.caller.scope {
            DefaultScope::Session(session) => {
                Ok((Scope::new(ScopeKind::Session, session.clone()), CommitRule::Existing, None))
            }
            DefaultScope::Principal => {
                let ttl = self.0.values.principal_ttl();
                let rule = CommitRule::CreateIfMissing(Lifetime { ttl, max_life: None });
                Ok((Scope::principal(self.principal()), rule, Some(Touch::new(ttl))))
            }
            DefaultScope::None => Err(ContextError::NoState),
        }
    }

    /// Values of the server itself under a name, the same for all callers and nodes.
    pub fn app_state(&self, name: &str) -> State {
        self.scoped(Scope::system("app", name), CommitRule::Existing, None)
    }

    fn scoped(&self, scope: Scope, rule: CommitRule, touch: Option<Touch>) -> State {
        State::new(self.0.values.clone(), scope, rule, touch)
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
        let max_life = anonymous.then(|| self.0.values.anonymous_handle_max());
        let ttl_record = crate::time::millis(ttl).to_string();
        let request = CommitRequest::new(
            Scope::handle(self.principal(), &id),
            CommitRule::CreateNew(Lifetime { ttl, max_life }),
            vec![Op::put(HANDLE_TTL, ttl_record)],
        );
        match self.0.values.commit(request).await? {
            // Nobody else can have made it: the answer to an earlier attempt was lost.
            CommitOutcome::Committed(_) | CommitOutcome::ScopeExists => Ok(id),
            _ => Err(ContextError::Contention),
        }
    }

    /// Opens a state handle.
    ///
    /// # Errors
    /// [`ContextError::UnknownHandle`] if it is unknown, expired, or another principal's; or the store failed.
    pub async fn handle(&self, id: &str) -> Result<State, ContextError> {
        let scope = Scope::handle(self.principal(), id);
        let loaded = self.0.values.load(&scope, &[HANDLE_TTL], None).await?;
        let entry = loaded.entries.into_iter().next().flatten().ok_or(ContextError::UnknownHandle)?;
        let ttl = std::str::from_utf8(&entry.value).ok().and_then(|ms| ms.parse().ok());
        let touch = ttl.map(|ms| Touch::new(Duration::from_millis(ms)));
        Ok(self.scoped(scope, CommitRule::Existing, touch))
    }
}
