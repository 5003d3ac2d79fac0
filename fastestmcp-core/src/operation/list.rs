//! What the lists of components are asked by, and the pages that they come in.

use std::sync::Arc;

use crate::component::{Prompt, Resource, ResourceTemplate, Tool};

macro_rules! lists {
    ($($(#[$docs:meta])* $request:ident -> $page:ident { $items:ident: $item:ty };)*) => {
        $(
            $(#[$docs])*
            #[derive(Clone, Debug, Default, PartialEq, Eq)]
            #[non_exhaustive]
            pub struct $request {
                /// Where to go on.
                pub cursor: Option<String>,
            }

            impl $request {
                /// The first page, or the one that a cursor leads to.
                pub const fn new(cursor: Option<String>) -> Self {
                    Self { cursor }
                }
            }

            /// A page, and the sealed cursor of the next.
            #[derive(Clone, Debug)]
            #[non_exhaustive]
            pub struct $page {
                /// In the order they were added.
                pub $items: Vec<Arc<$item>>,
                /// Asks for the next page; absent at the end.
                pub next_cursor: Option<String>,
            }
        )*
    };
}

lists! {
    /// `tools/list`.
    ListTools -> ToolPage { tools: Tool };
    /// `resources/list`.
    ListResources -> ResourcePage { resources: Resource };
    /// `resources/templates/list`.
    ListResourceTemplates -> ResourceTemplatePage { resource_templates: ResourceTemplate };
    /// `prompts/list`.
    ListPrompts -> PromptPage { prompts: Prompt };
}
