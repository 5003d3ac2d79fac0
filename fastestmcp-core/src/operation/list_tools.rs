use std::sync::Arc;

use crate::component::Tool;

/// `tools/list`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListTools {
    /// Where to go on.
    pub cursor: Option<String>,
}

impl ListTools {
    /// The first page, or the one that a cursor leads to.
    pub const fn new(cursor: Option<String>) -> Self {
        Self { cursor }
    }
}

/// A page of tools and the sealed cursor of the next.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ToolPage {
    /// In the order they were added.
    pub tools: Vec<Arc<Tool>>,
    /// Asks for the next page; absent at the end.
    pub next_cursor: Option<String>,
}
