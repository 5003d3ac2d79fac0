use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Component, Description, Prepared, refusal};
use crate::context::{Context, Failure, ToolError};
use crate::task::RpcError;

/// The most values that MCP lets an answer have.
const MOST_VALUES: usize = 100;

/// What an argument may be completed to, as MCP's `CompleteResult`.
///
/// ```
/// use fastestmcp_core::component::Completion;
///
/// let cities = Completion::new(["Paris", "Parma"]);
/// assert_eq!((cities.total, cities.has_more), (Some(2), false));
/// let some = Completion::new((0..1_000).map(|n| n.to_string()).collect::<Vec<_>>());
/// assert_eq!((some.values.len(), some.total, some.has_more), (100, Some(1_000), true));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Completion {
    /// At most 100, best first.
    pub values: Vec<String>,
    /// How many there are, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Whether there are more than are shown.
    pub has_more: bool,
}

impl Completion {
    /// The first 100 of all there are.
    pub fn new<I>(values: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
        I::IntoIter: ExactSizeIterator,
    {
        let values = values.into_iter();
        let all = values.len();
        let values = values.take(MOST_VALUES).map(Into::into).collect();
        Self { values, total: Some(all as u64), has_more: all > MOST_VALUES }
    }

    /// The same where only some of all were looked up.
    ///
    /// ```
    /// use fastestmcp_core::component::Completion;
    ///
    /// let first_page = Completion::new(["a", "b"]).of(70_000);
    /// assert!(first_page.has_more);
    /// ```
    #[must_use]
    pub const fn of(mut self, total: u64) -> Self {
        self.total = Some(total);
        self.has_more = total > self.values.len() as u64;
        self
    }
}

/// What a completing function may return: a list of texts, of which the first 100 are shown, or a [`Completion`].
pub trait IntoCompletion: Send + 'static {
    /// The values.
    fn into_completion(self) -> Completion;
}

impl IntoCompletion for Completion {
    fn into_completion(self) -> Completion {
        self
    }
}

impl<S: Into<String> + Send + 'static> IntoCompletion for Vec<S> {
    fn into_completion(self) -> Completion {
        Completion::new(self)
    }
}

impl<S: Into<String> + Send + 'static, const N: usize> IntoCompletion for [S; N] {
    fn into_completion(self) -> Completion {
        Completion::new(self)
    }
}

/// A function that completes what was typed of an argument: `async fn(Context, &str) -> Result<_, ToolError>`, or a
/// closure like it. What its client knows of the other arguments: [`Context::known`].
pub trait Completes<'a>: Fn(Context, &'a str) -> <Self as Completes<'a>>::Completing + Send + Sync + 'static {
    /// What it comes to.
    type Completed: IntoCompletion;
    /// What it does.
    type Completing: Future<Output = Result<Self::Completed, ToolError>> + Send + 'a;
}

impl<'a, F, Fut, O> Completes<'a> for F
where
    F: Fn(Context, &'a str) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, ToolError>> + Send + 'a,
    O: IntoCompletion,
{
    type Completed = O;
    type Completing = Fut;
}

/// The same with what it shares with all its calls: `async fn(S, Context, &str) -> Result<_, ToolError>`.
pub trait CompletesWith<'a, S>:
    Fn(S, Context, &'a str) -> <Self as CompletesWith<'a, S>>::Completing + Send + Sync + 'static
{
    /// What it comes to.
    type Completed: IntoCompletion;
    /// What it does.
    type Completing: Future<Output = Result<Self::Completed, ToolError>> + Send + 'a;
}

impl<'a, S, F, Fut, O> CompletesWith<'a, S> for F
where
    F: Fn(S, Context, &'a str) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, ToolError>> + Send + 'a,
    O: IntoCompletion,
{
    type Completed = O;
    type Completing = Fut;
}

type Complete = dyn Fn(Context, String) -> BoxFuture<'static, Result<Completion, ToolError>> + Send + Sync;

/// What completes one argument of a component: a component of its own, so that it is run as any is.
#[derive(Clone)]
pub(crate) struct Completer {
    description: Description,
    complete: Arc<Complete>,
}

impl fmt::Debug for Completer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description.name)
    }
}

impl Completer {
    pub(super) fn new<F>(argument: String, complete: F) -> Self
    where
        F: for<'a> Completes<'a>,
    {
        let complete = Arc::new(complete);
        let run = move |cx, typed: String| -> BoxFuture<'static, Result<Completion, ToolError>> {
            let complete = complete.clone();
            Box::pin(async move { Ok(complete(cx, &typed).await?.into_completion()) })
        };
        Self { description: Description::named(argument), complete: Arc::new(run) }
    }

    pub(super) fn with_state<S, F>(argument: String, state: S, complete: F) -> Self
    where
        S: Clone + Send + Sync + 'static,
        F: for<'a> CompletesWith<'a, S>,
    {
        let complete = Arc::new(complete);
        let run = move |cx, typed: String| -> BoxFuture<'static, Result<Completion, ToolError>> {
            let (state, complete) = (state.clone(), complete.clone());
            Box::pin(async move { Ok(complete(state, cx, &typed).await?.into_completion()) })
        };
        Self { description: Description::named(argument), complete: Arc::new(run) }
    }

    /// The argument.
    pub(super) fn argument(&self) -> &str {
        &self.description.name
    }
}

impl Component for Completer {
    type Output = Completion;

    fn description(&self) -> &Description {
        &self.description
    }

    fn prepare(&self, typed: &Value) -> Result<Prepared<Completion>, ToolError> {
        let typed = typed.as_str().ok_or_else(|| ToolError(Failure::Masked("no text to complete".into())))?.to_owned();
        let complete = self.complete.clone();
        Ok(Box::new(move |cx| complete(cx, typed)))
    }

    fn told(text: String) -> Result<Completion, RpcError> {
        Err(refusal::failed(text))
    }
}
