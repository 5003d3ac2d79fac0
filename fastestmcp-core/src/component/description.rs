use std::time::Duration;

/// What a component of any kind says of itself, and how long it may take.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    pub(crate) name: String,
    /// For people.
    pub(crate) title: Option<String>,
    /// For the model.
    pub(crate) description: Option<String>,
    /// How long a plain call may take, if not as long as any.
    pub(crate) timeout: Option<Duration>,
}

impl Description {
    pub(crate) fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}
