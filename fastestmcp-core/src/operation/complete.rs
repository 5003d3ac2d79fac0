use std::collections::BTreeMap;
use std::sync::Arc;

/// `completion/complete`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Complete {
    /// What the argument is of.
    pub target: CompletionTarget,
    /// The argument of the prompt, or the variable of the template.
    pub argument: String,
    /// What was typed of it.
    pub typed: String,
    /// What the client knows of the others.
    pub known: Arc<BTreeMap<String, String>>,
}

/// What an argument is completed of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompletionTarget {
    /// The prompt of this name.
    Prompt(String),
    /// The template that this is, or the resource of this URI.
    Resource(String),
}

impl Complete {
    /// A request of a client that knows nothing of the other arguments.
    pub fn new(target: CompletionTarget, argument: impl Into<String>, typed: impl Into<String>) -> Self {
        Self { target, argument: argument.into(), typed: typed.into(), known: Arc::default() }
    }

    /// The same of one that knows these.
    #[must_use]
    pub fn known(mut self, known: BTreeMap<String, String>) -> Self {
        self.known = Arc::new(known);
        self
    }
}
