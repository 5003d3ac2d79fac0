use std::sync::Arc;

use crate::component::Tool;

/// `tools/list`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListTools {
    /// Where to go on.
    pub cursor: Option<String>,
}

/// A page of tools and the sealed cursor of the next.
#[derive(Clone, Debug)]
pub struct ToolPage {
    /// In the order they were added.
    pub tools: Vec<Arc<Tool>>,
    /// Asks for the next page; absent at the end.
    pub next_cursor: Option<String>,
}
